//! A Cassandra cluster of three nodes, each with a third of the ring.

use std::{
    net::{Ipv4Addr, SocketAddr},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use super::{
    PATIENCE, ServerKind, cassandra, container::Container, node_ip, settings::Settings, wait_for,
};

/// Three nodes in containers of their own.
///
/// They have the network of the machine, with an address of 127.0.0.0/8 each, since a driver goes to the addresses that they
/// tell it, on one port.
#[derive(Debug)]
pub struct CassandraCluster {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    address: SocketAddr,
    container: Container,
}

/// Where the part of the ring of each node begins.
const TOKENS: [i64; 3] = [i64::MIN, -3_074_457_345_618_258_603, 3_074_457_345_618_258_602];

impl CassandraCluster {
    /// Starts the nodes one after another, and waits until each knows the others.
    pub fn start() -> Result<Self> {
        let mut nodes = Vec::new();
        for (number, token) in (1..).zip(TOKENS) {
            nodes.push(Node::start(number, token)?);
        }
        let cluster = Self { nodes };
        cluster.wait()?;
        Ok(cluster)
    }

    /// Where it is, by all of its nodes.
    #[must_use]
    pub fn url(&self) -> String {
        let nodes: Vec<_> = self.nodes.iter().map(|node| node.address.to_string()).collect();
        format!("cassandra://{}", nodes.join(","))
    }

    /// Kills a node, counted from 0, with `kill -9`.
    pub fn kill(&self, node: usize) -> Result<()> {
        self.nodes[node].container.kill()
    }

    /// Stops a node where it is: connections stay, and it does not answer.
    pub fn pause(&self, node: usize) -> Result<()> {
        self.nodes[node].container.pause()
    }

    /// Lets it go on after a pause.
    pub fn resume(&self, node: usize) -> Result<()> {
        self.nodes[node].container.resume()
    }

    /// Where a node is.
    #[must_use]
    pub fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].address
    }

    /// Starts a node again, after it was killed, on what it had written; returns when it answers.
    pub fn start_again(&self, node: usize) -> Result<()> {
        let node = &self.nodes[node];
        node.container.start_again()?;
        node.wait()
    }

    fn wait(&self) -> Result<()> {
        let start = Instant::now();
        for node in &self.nodes {
            while cassandra::peers(node.address)? + 1 < TOKENS.len() {
                ensure!(start.elapsed() < PATIENCE, "{} does not know the others", node.address);
                thread::sleep(Duration::from_millis(100));
            }
        }
        Ok(())
    }
}

impl Node {
    fn start(number: u8, token: i64) -> Result<Self> {
        let address = ip(number);
        let settings = Settings::default()
            .with_env("MAX_HEAP_SIZE", "320m")
            .with_env("CASSANDRA_LISTEN_ADDRESS", address.to_string())
            .with_env("CASSANDRA_RPC_ADDRESS", address.to_string())
            .with_env("CASSANDRA_BROADCAST_RPC_ADDRESS", address.to_string())
            .with_env("CASSANDRA_SEEDS", ip(1).to_string())
            .with_arg(format!("-Dcassandra.initial_token={}", token))
            .with_arg(format!("-Dcassandra.jmx.local.port={}", 7300 + u16::from(number)))
            .with_arg("-Dcassandra.ring_delay_ms=1000");
        let spec = cassandra::on_machine(settings);
        let container = Container::start(ServerKind::Cassandra.name(), &spec)?;
        let node = Self { address: SocketAddr::from((address, 9042)), container };
        node.wait()?;
        Ok(node)
    }

    fn wait(&self) -> Result<()> {
        wait_for("a node", &self.container, || cassandra::answers(self.address))
    }
}

fn ip(number: u8) -> Ipv4Addr {
    node_ip(77, number)
}
