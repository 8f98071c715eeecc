# The distribution, unpacked into server/.
unpack org.elasticsearch.distribution.integ-test-zip:elasticsearch:$version:zip unpacked
mv unpacked/elasticsearch-"$version"* server
rm -r server/config/elasticsearch.yml unpacked
