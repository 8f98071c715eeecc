#!/bin/sh
# Six nodes of a Redis Cluster on the ports 7000 to 7005, in the folder /data.
set -eu
for port in 7000 7001 7002 7003 7004 7005; do
    mkdir -p "/data/$port"
    redis-server --port "$port" --dir "/data/$port" --protected-mode no --save "" --appendonly yes --appendfsync always \
        --cluster-enabled yes --cluster-node-timeout 2000 --cluster-announce-ip 127.0.0.1 &
done
until redis-cli -p 7005 ping > /dev/null 2>&1; do sleep 0.1; done
if redis-cli -p 7000 cluster info | grep -q cluster_known_nodes:1; then
    redis-cli --cluster create 127.0.0.1:7000 127.0.0.1:7001 127.0.0.1:7002 127.0.0.1:7003 127.0.0.1:7004 127.0.0.1:7005 \
        --cluster-replicas 1 --cluster-yes
fi
trap 'kill 0' TERM INT
wait
