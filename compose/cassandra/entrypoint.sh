#!/bin/sh
# Starts the node as the public image does as far as the tests need: the configuration is /etc/cassandra/cassandra.yaml, the
# heap is set by MAX_HEAP_SIZE; CASSANDRA_LISTEN_ADDRESS is for the nodes, CASSANDRA_RPC_ADDRESS for drivers, who are told
# CASSANDRA_BROADCAST_RPC_ADDRESS; CASSANDRA_SEEDS names the nodes that know of the others.
set -eu
[ "${1:-}" = cassandra ] || exec "$@"
[ "${2:-}" = -f ] && shift 2 || shift
address=${CASSANDRA_LISTEN_ADDRESS:-$(hostname -i | cut -d ' ' -f 1)}
# A copy, since whoever put the file there may own it.
sed -e "s/^listen_address:.*/listen_address: $address/" -e "s/^broadcast_address:.*/broadcast_address: $address/" \
    -e "s/^broadcast_rpc_address:.*/broadcast_rpc_address: ${CASSANDRA_BROADCAST_RPC_ADDRESS:-$address}/" \
    -e "s/^rpc_address:.*/rpc_address: ${CASSANDRA_RPC_ADDRESS:-0.0.0.0}/" -e "s/seeds: \"127.0.0.1\"/seeds: \"${CASSANDRA_SEEDS:-$address}\"/" \
    /etc/cassandra/cassandra.yaml > /opt/cassandra/conf/cassandra.yaml
exec java "-Xms${MAX_HEAP_SIZE:-512m}" "-Xmx${MAX_HEAP_SIZE:-512m}" @/opt/cassandra/conf/jvm.options \
    -Dcassandra.config=file:///opt/cassandra/conf/cassandra.yaml -Dcassandra.storagedir=/var/lib/cassandra \
    -Dlogback.configurationFile=logback.xml -Dcassandra-foreground=yes -Dcassandra.jmx.local.port=7199 \
    -Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.ring_delay_ms=0 -Dcassandra.superuser_setup_delay_ms=0 "$@" \
    -cp '/opt/cassandra/conf:/opt/cassandra/lib/*' org.apache.cassandra.service.CassandraDaemon
