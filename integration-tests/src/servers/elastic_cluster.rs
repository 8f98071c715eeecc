//! An Elasticsearch cluster of three nodes.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};

use super::{
    ServerKind,
    container::Container,
    elastic::{configuration, http},
    node_ip,
    settings::{Network, Spec},
    wait_for,
};

/// Three nodes in containers of their own, each of which may become the master.
///
/// They have the network of the machine, with an address of 127.0.0.0/8 each, by which they find each other.
#[derive(Debug)]
pub struct ElasticCluster {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    address: SocketAddr,
    container: Container,
}

/// Nodes notice in seconds that one is gone, instead of after half a minute.
const CONFIGURATION: &str = "
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
cluster.fault_detection.follower_check: { interval: 500ms, timeout: 1s, retry_count: 2 }
cluster.fault_detection.leader_check: { interval: 500ms, timeout: 1s, retry_count: 2 }
cluster.publish.timeout: 3s
cluster.follower_lag.timeout: 5s
";

const NODES: [u8; 3] = [1, 2, 3];

impl ElasticCluster {
    /// Starts the nodes, and waits until they are one cluster.
    pub fn start() -> Result<Self> {
        let nodes = NODES.into_iter().map(Node::start).collect::<Result<_>>()?;
        let cluster = Self { nodes };
        cluster.wait()?;
        Ok(cluster)
    }

    /// Where it is, by some of its nodes, counted from 0, in this order.
    #[must_use]
    pub fn url(&self, nodes: &[usize]) -> String {
        let nodes: Vec<_> = nodes.iter().map(|node| self.address(*node).to_string()).collect();
        format!("elasticsearch+http://{}", nodes.join(","))
    }

    /// Where a node is.
    #[must_use]
    pub fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].address
    }

    /// The node that has the primary of an index of one shard, as a node tells it.
    pub fn primary(&self, index: &str, asked: usize) -> Result<usize> {
        let path = format!("/_cat/shards/{index}?format=json&h=prirep,node");
        let (status, said) = http(self.address(asked), "GET", &path, "")?;
        ensure!(status == 200, "it says {status}: {said}");
        let shards: Vec<serde_json::Value> = serde_json::from_str(&said)?;
        let primary = shards.iter().find(|shard| shard["prirep"] == "p").context("a primary")?;
        let name = primary["node"].as_str().context("it is on no node")?;
        Ok(name.trim_start_matches("node-").parse::<usize>()? - 1)
    }

    /// Kills a node with `kill -9`.
    pub fn kill(&self, node: usize) -> Result<()> {
        self.nodes[node].container.kill()
    }

    /// Starts a node again, after it was killed, on what it had written; returns when all belong together.
    pub fn start_again(&self, node: usize) -> Result<()> {
        self.nodes[node].container.start_again()?;
        self.wait()
    }

    /// Stops a node where it is: connections stay, and it does not answer.
    pub fn pause(&self, node: usize) -> Result<()> {
        self.nodes[node].container.pause()
    }

    /// Lets it go on after a pause.
    pub fn resume(&self, node: usize) -> Result<()> {
        self.nodes[node].container.resume()
    }

    /// Waits until all nodes belong together, and every copy of every shard is there.
    pub fn wait(&self) -> Result<()> {
        let path = "/_cluster/health?wait_for_nodes=3&wait_for_status=green&timeout=1s";
        for node in &self.nodes {
            wait_for("a cluster", &node.container, || {
                let (status, said) = http(node.address, "GET", path, "")?;
                ensure!(status == 200, "it says {status}: {said}");
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Node {
    fn start(number: u8) -> Result<Self> {
        let all = NODES.map(|number| ip(number).to_string()).join(", ");
        let names = NODES.map(name).join(", ");
        let (own, name) = (ip(number), name(number));
        let settings = format!(
            "node.name: {name}\nnetwork.host: {own}\ndiscovery.seed_hosts: [{all}]\n\
             cluster.initial_master_nodes: [{names}]\n{CONFIGURATION}"
        );
        let kind = ServerKind::Elasticsearch;
        let heap = "-Xms384m -Xmx384m -XX:TieredStopAtLevel=1";
        let spec = Spec {
            command: Vec::new(),
            env: vec![("ES_JAVA_OPTS".to_owned(), heap.to_owned())],
            files: vec![(configuration(kind.name()), settings.into())],
            network: Network::Host,
            in_memory: false,
        };
        let container = Container::start(kind.name(), &spec)?;
        Ok(Self { address: SocketAddr::from((own, kind.port())), container })
    }
}

fn name(number: u8) -> String {
    format!("node-{number}")
}

fn ip(number: u8) -> Ipv4Addr {
    node_ip(78, number)
}
