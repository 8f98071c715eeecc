//! A Redis Cluster: three primaries with a replica each.

use std::{
    env,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{
    PATIENCE, ServerKind,
    container::{Container, free},
    redis,
    settings::{Network, Settings, Spec},
    wait_for,
};

/// Six nodes in containers of their own, or the running cluster that `TEST_REDIS_CLUSTER_URL` names.
#[derive(Debug)]
pub struct RedisCluster {
    url: String,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    port: u16,
    container: Container,
}

const NODES: usize = 6;

impl RedisCluster {
    /// The named cluster, else one of our own whose nodes forget when they end.
    pub fn start(kind: ServerKind) -> Result<Self> {
        match env::var("TEST_REDIS_CLUSTER_URL") {
            Ok(url) => Ok(Self { url, nodes: Vec::new() }),
            Err(_) => Self::own(kind, &Settings::default().in_memory()),
        }
    }

    /// Starts six nodes and waits until all slots are served and the replicas follow; `kind` is Redis or Valkey.
    ///
    /// The nodes have the network of the machine, since a client goes to the addresses that they tell each other.
    pub fn own(kind: ServerKind, settings: &Settings) -> Result<Self> {
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            nodes.push(Node::start(kind, settings)?);
        }
        let cli = if kind == ServerKind::Valkey { "valkey-cli" } else { "redis-cli" };
        let mut create = vec![cli.to_owned(), "-p".to_owned(), nodes[0].port.to_string()];
        create.extend(["--cluster", "create"].map(str::to_owned));
        create.extend(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)));
        create.extend(["--cluster-replicas", "1", "--cluster-yes"].map(str::to_owned));
        nodes[0].container.run(create).context("the cluster cannot be formed")?;
        let url = format!("redis+cluster://{},{}", nodes[0].address(), nodes[1].address());
        let cluster = Self { url, nodes };
        cluster.wait()?;
        Ok(cluster)
    }

    /// Where it is, by two of its nodes.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The addresses of our own nodes.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::address).collect()
    }

    /// Kills a node with `kill -9`; a replica takes over from a primary within seconds.
    pub fn kill(&self, node: SocketAddr) -> Result<()> {
        self.node(node)?.container.kill()
    }

    /// Starts a node again, after it was killed, on what it had written; returns when all nodes serve all slots.
    pub fn start_again(&self, node: SocketAddr) -> Result<()> {
        let node = self.node(node)?;
        node.container.start_again()?;
        node.wait()?;
        self.wait()
    }

    /// Stops a node where it is.
    pub fn pause(&self, node: SocketAddr) -> Result<()> {
        self.node(node)?.container.pause()
    }

    /// Lets a node go on after a pause.
    pub fn resume(&self, node: SocketAddr) -> Result<()> {
        self.node(node)?.container.resume()
    }

    /// Waits until every running node says that all slots are served, and follows another or is followed.
    pub fn wait(&self) -> Result<()> {
        let start = Instant::now();
        for node in &self.nodes {
            while node.container.is_running()? && !node.serves()? {
                ensure!(start.elapsed() < PATIENCE, "the cluster does not serve all slots");
                thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    fn node(&self, address: SocketAddr) -> Result<&Node> {
        let node = self.nodes.iter().find(|node| node.address() == address);
        node.with_context(|| format!("{address} is none of our nodes"))
    }
}

impl Node {
    fn start(kind: ServerKind, settings: &Settings) -> Result<Self> {
        // The second is for the nodes among themselves.
        let ports = free(&[0, 1])?;
        let (port, bus) = (ports[0].1, ports[1].1);
        let mut command = redis::command(kind, settings.in_memory);
        let args = format!(
            "--bind 127.0.0.1 --port {port} --cluster-enabled yes --cluster-port {bus} --cluster-node-timeout 5000"
        );
        command.extend(args.split(' ').map(str::to_owned));
        command.extend(settings.args.clone());
        let spec = Spec {
            command,
            env: settings.env.clone(),
            files: settings.files.clone(),
            network: Network::Host,
            in_memory: settings.in_memory,
        };
        let node = Self { port, container: Container::start(kind.name(), &spec)? };
        node.wait()?;
        Ok(node)
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    fn wait(&self) -> Result<()> {
        wait_for("a node", &self.container, || redis::answers(self.address()))
    }

    /// Whether it knows all nodes, and owners of all slots, and follows another or is followed.
    fn serves(&self) -> Result<bool> {
        let url = format!("redis://127.0.0.1:{}", self.port);
        let mut line = ::redis::Client::open(url)?.get_connection()?;
        let info: String = ::redis::cmd("CLUSTER").arg("INFO").query(&mut line)?;
        let nodes = format!("cluster_known_nodes:{NODES}\r");
        let replication: String = ::redis::cmd("INFO").arg("replication").query(&mut line)?;
        let follows = ["connected_slaves:1", "master_link_status:up"];
        Ok(info.contains("cluster_state:ok")
            && info.contains(&nodes)
            && follows.iter().any(|state| replication.contains(state)))
    }
}
