//! Redis, Valkey and a cluster.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::servers::{RedisCluster, Server, ServerKind, Settings, redis_version};
use redis::{Commands, Connection};

pub(crate) fn survives(server: &Server) -> Result<()> {
    let version = redis_version(server.url())?;
    let product = if server.kind() == ServerKind::Valkey { "valkey-" } else { "redis-" };
    ensure!(version.starts_with(product), "{version} runs as {}", server.kind());
    let mut line = connect(server.address()?)?;
    let () = line.set("key", "value")?;
    server.kill()?;
    ensure!(connect(server.address()?).is_err(), "nobody answers after the kill");
    server.start_again()?;
    let value: String = connect(server.address()?)?.get("key")?;
    ensure!(value == "value", "it has {value}");
    Ok(())
}

pub(crate) async fn a_replica_takes_over() -> Result<()> {
    // The client of a cluster does not know the whole of its business: one that follows redirections by hand does here.
    let run = || -> Result<()> {
        let cluster = RedisCluster::own(ServerKind::Redis8, &Settings::default())?;
        let nodes = cluster.addresses();
        ensure!(nodes.len() == 6, "there are six nodes");
        let primary = owner(&nodes)?;
        let mut line = connect(primary)?;
        let () = line.set("key", "value")?;
        let held: u64 = redis::cmd("WAIT").arg(1).arg(10_000).query(&mut line)?;
        ensure!(held == 1, "its replica has the value");
        cluster.kill(primary)?;
        let others: Vec<_> = nodes.iter().copied().filter(|node| *node != primary).collect();
        let start = Instant::now();
        let taken_over = loop {
            match owner(&others) {
                Ok(node) => break node,
                Err(error) => ensure!(start.elapsed() < Duration::from_secs(120), "{error:#}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        let value: String = connect(taken_over)?.get("key")?;
        ensure!(value == "value", "the new owner has {value}");
        cluster.start_again(primary)?;
        cluster.wait()
    };
    tokio::task::spawn_blocking(run).await?
}

/// The node that has the slot of the key, by whom it answers.
fn owner(nodes: &[SocketAddr]) -> Result<SocketAddr> {
    let answers = |node: &&SocketAddr| {
        let asked = connect(**node).and_then(|mut line| {
            Ok(redis::cmd("SET").arg("probe{key}").arg(1).query::<()>(&mut line)?)
        });
        asked.is_ok()
    };
    nodes.iter().find(answers).copied().context("no node has the slot")
}

fn connect(address: SocketAddr) -> Result<Connection> {
    let client = redis::Client::open(format!("redis://{address}"))?;
    let line = client.get_connection_with_timeout(Duration::from_secs(5))?;
    line.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(line)
}
