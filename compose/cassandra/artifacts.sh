# The jars of the server and of all that it needs, into lib/.
maven dependency:copy-dependencies -Dserver.version="$version" -DincludeScope=runtime -DoutputDirectory=lib
[ -f "lib/apache-cassandra-$version.jar" ] || [ -f "lib/cassandra-all-$version.jar" ] || fail "Maven brought no Cassandra $version"
