//! Six real Redis servers as one cluster.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::RedisServer;

/// Three primaries with a replica each; or the cluster that the environment variable `TEST_REDIS_CLUSTER_URL` names.
#[derive(Debug)]
pub struct RedisCluster {
    url: String,
    servers: Vec<RedisServer>,
}

const PATIENCE: Duration = Duration::from_secs(60);

impl RedisCluster {
    /// The named cluster, else one of our own.
    pub fn start() -> Result<Self> {
        match std::env::var("TEST_REDIS_CLUSTER_URL") {
            Ok(url) => Ok(Self { url, servers: Vec::new() }),
            Err(_) => Self::own(),
        }
    }

    /// Starts six servers and joins them by `redis-cli`.
    pub fn own() -> Result<Self> {
        let settings = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "5000",
            "--appendfsync",
            "everysec",
        ];
        let servers = (0..6).map(|_| RedisServer::with(&settings)).collect::<Result<Vec<_>>>()?;
        let hosts = servers.iter().map(|server| Ok(format!("127.0.0.1:{}", server.port()?)));
        let hosts = hosts.collect::<Result<Vec<_>>>()?;
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(&hosts);
        let output = create.args(["--cluster-replicas", "1", "--cluster-yes"]).output();
        let output =
            output.context("redis-cli cannot be started: install it beside redis-server")?;
        ensure!(output.status.success(), "no cluster: {}", String::from_utf8_lossy(&output.stdout));
        let cluster = Self { url: format!("redis+cluster://{}", hosts[..2].join(",")), servers };
        cluster.settle()?;
        Ok(cluster)
    }

    /// Waits until each server knows that all slots are served, and the replicas follow.
    fn settle(&self) -> Result<()> {
        let start = Instant::now();
        let ready = |server: &RedisServer| -> Result<bool> {
            let ask = |words: &[&str]| -> Result<String> {
                let mut command = Command::new("redis-cli");
                command.arg("-s").arg(server.socket()?).args(words);
                Ok(String::from_utf8(command.output()?.stdout)?)
            };
            let up = ask(&["CLUSTER", "INFO"])?.contains("cluster_state:ok");
            let replication = ask(&["INFO", "replication"])?;
            Ok(up
                && (replication.contains("connected_slaves:1")
                    || replication.contains("master_link_status:up")))
        };
        for server in &self.servers {
            while !ready(server)? {
                ensure!(start.elapsed() < PATIENCE, "the cluster does not come up");
                thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
