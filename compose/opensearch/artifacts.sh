# The distribution, unpacked into server/.
unpack org.opensearch.distribution.integ-test-zip:opensearch:$version:zip unpacked
mv unpacked/opensearch-"$version"* server
rm -r server/config/opensearch.yml unpacked
