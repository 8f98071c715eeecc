//! Three Cassandra nodes with three copies of everything: what a task does when one of them dies
//! or hangs, and when two die.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::{
    run_on_cluster,
    servers::{CassandraCluster, cassandra_session},
};
use scylla::{
    policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy},
    statement::Statement,
};
use store_cassandra::{CassandraBackend, CassandraConfig};
use store_conformance::waist::{MAP, Model, Owner, all, key, puts, task};
use store_core::{Effect, ErrorKind, backend::Backend};
use uuid::Uuid;

/// With times that are short enough for a test and longer than those of the server.
async fn backend(cluster: &CassandraCluster) -> Result<Arc<dyn Backend>> {
    let mut config = CassandraConfig::default();
    config.namespace = "store_tests.nodes".to_owned();
    config.replication = Some("3".to_owned());
    (config.timeout_ms, config.connect_timeout_ms) = (10_000, 1_000);
    Ok(Arc::new(CassandraBackend::connect(&cluster.url(), config).await?))
}

/// What commit `n` adds.
fn entries(n: u32) -> Model {
    (0..20).map(|i: u32| (key((n * 20 + i).to_be_bytes()), key(n.to_be_bytes()))).collect()
}

/// Sends commit `n` until it is done; how long that took.
async fn commit(owner: &mut Owner, n: u32) -> Result<Duration> {
    let (begun, commit) = (Instant::now(), owner.next(puts(MAP, &entries(n))));
    while let Err(error) = owner.send(&commit).await {
        ensure!(error.is_retryable(), "commit {n}: {error:?}");
        ensure!(begun.elapsed() < Duration::from_secs(30), "it does not go on: {error:?}");
        println!("commit {n} after {:?}: {error}", begun.elapsed());
    }
    Ok(begun.elapsed())
}

async fn one_node_dies(cluster: &CassandraCluster) -> Result<()> {
    let backend = backend(cluster).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let (mut model, mut longest) = (Model::new(), Duration::ZERO);
    let start = Instant::now();
    let (mut n, mut killed) = (0, false);
    while start.elapsed() < Duration::from_secs(12) {
        if !killed && start.elapsed() > Duration::from_secs(3) {
            // Not waited for by those who commit.
            tokio::task::block_in_place(|| cluster.kill(2))?;
            killed = true;
        }
        longest = longest.max(commit(&mut owner, n).await?);
        model.extend(entries(n));
        n += 1;
    }
    println!("{n} commits, the longest took {longest:?}");
    ensure!(all(owner.reader(), MAP).await? == model, "what the owner finds is not all of it");
    ensure!(owner.reader().checkpoint().await?.sequence == u64::from(n), "each counts once");
    cluster.start_again(2)?;
    let mut next = Owner::claim(&backend, &task(0)).await?;
    ensure!(all(next.reader(), MAP).await? == model, "the next owner does not find all of it");
    next.put(MAP, &entries(n)).await?;
    Ok(())
}

async fn two_nodes_die(cluster: &CassandraCluster) -> Result<()> {
    let backend = backend(cluster).await?;
    let mut owner = Owner::claim(&backend, &task(1)).await?;
    owner.put(MAP, &entries(0)).await?;
    cluster.kill(1)?;
    cluster.kill(2)?;
    let (start, mut kinds) = (Instant::now(), Vec::new());
    let commit = owner.next(puts(MAP, &entries(1)));
    // The node that is left takes the others for living at first, then knows better.
    while start.elapsed() < Duration::from_secs(30) {
        let before = Instant::now();
        let error = owner.send(&commit).await.err().context("a commit without a quorum")?;
        ensure!(before.elapsed() < Duration::from_secs(25), "it took {:?}", before.elapsed());
        ensure!(error.is_retryable(), "{error:?}");
        match error.kind() {
            ErrorKind::Unavailable => {}
            ErrorKind::Timeout => ensure!(error.effect() == Effect::Unknown, "{error:?}"),
            _ => anyhow::bail!("{error:?}"),
        }
        if !kinds.contains(&error.kind()) {
            println!("after {:?}: {error}", start.elapsed());
            kinds.push(error.kind());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    cluster.start_again(1)?;
    let start = Instant::now();
    while let Err(error) = owner.send(&commit).await {
        ensure!(error.is_retryable(), "{error:?}");
        ensure!(start.elapsed() < Duration::from_secs(90), "it does not recover: {error:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("went on {:?} after a second node answered", start.elapsed());
    let model: Model = entries(0).into_iter().chain(entries(1)).collect();
    ensure!(all(owner.reader(), MAP).await? == model, "the commit counts once, and whole");
    ensure!(owner.reader().checkpoint().await?.sequence == 2);
    cluster.start_again(2)?;
    Ok(())
}

/// A node that keeps its connections and says nothing, unlike one that died.
async fn one_node_hangs(cluster: &CassandraCluster) -> Result<()> {
    let backend = backend(cluster).await?;
    let mut owner = Owner::claim(&backend, &task(2)).await?;
    owner.put(MAP, &entries(0)).await?;
    cluster.pause(2)?;
    let (start, mut n, mut longest) = (Instant::now(), 1, Duration::ZERO);
    while start.elapsed() < Duration::from_secs(30) {
        longest = longest.max(commit(&mut owner, n).await?);
        n += 1;
    }
    cluster.resume(2)?;
    println!("{n} commits while a node hung, the longest took {longest:?}");
    // It is left after some seconds, and then only the others are asked.
    ensure!(n > 20, "{n} commits");
    let model: Model = (0..n).flat_map(entries).collect();
    ensure!(all(owner.reader(), MAP).await? == model, "what the owner finds is not all of it");
    Ok(())
}

async fn nodes_disagree(cluster: &CassandraCluster) -> Result<()> {
    let session = cassandra_session(cluster.url()).await?;
    let node = NodeIdentifier::NodeAddress(cluster.address(2));
    let ask = async |text: String| {
        let mut statement = Statement::new(text);
        let policy = SingleTargetLoadBalancingPolicy::new(node.clone(), None);
        statement.set_load_balancing_policy(Some(policy));
        session.query_unpaged(statement, ()).await
    };
    let version = "SELECT schema_version FROM system.local WHERE key = 'local'".to_owned();
    let rows = ask(version).await?.into_rows_result()?;
    let (true_one,) = rows.single_row::<(Uuid,)>()?;
    let say = |version: Uuid| {
        ask(format!("UPDATE system.local SET schema_version = {version} WHERE key = 'local'"))
    };
    say(Uuid::from_u128(7)).await?;
    let mut config = CassandraConfig::default();
    config.namespace = "disagreed".to_owned();
    (config.timeout_ms, config.scan_timeout_ms) = (5_000, 5_000);
    let start = Instant::now();
    let connected = CassandraBackend::connect(&cluster.url(), config.clone()).await;
    let took = start.elapsed();
    say(true_one).await?;
    let error = connected.err().context("tables were made")?;
    ensure!(error.kind() == ErrorKind::Unavailable && error.is_retryable(), "{error:?}");
    ensure!(error.to_string().contains("do not agree"), "{error}");
    ensure!(took < Duration::from_secs(30), "it took {took:?}");
    // Each table is agreed upon in turn.
    config.scan_timeout_ms = 60_000;
    CassandraBackend::connect(&cluster.url(), config).await?;
    Ok(())
}

fn main() -> ExitCode {
    run_on_cluster(
        CassandraCluster::start(),
        &[
            ("nodes_disagree", |cluster| Box::pin(nodes_disagree(cluster))),
            ("one_node_dies", |cluster| Box::pin(one_node_dies(cluster))),
            ("one_node_hangs", |cluster| Box::pin(one_node_hangs(cluster))),
            ("two_nodes_die", |cluster| Box::pin(two_nodes_die(cluster))),
        ],
    )
}
