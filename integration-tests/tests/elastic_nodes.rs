//! Three Elasticsearch nodes with copies of everything: what a task does when the one with the primary dies, and that an owner
//! believes no node that was cut off.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::{
    run_on_cluster,
    servers::{ElasticCluster, http},
};
use store_conformance::waist::{MAP, Model, Owner, all, key, puts, task};
use store_core::backend::{Backend, Commit};
use store_elastic::{ElasticBackend, ElasticConfig};

/// By some of the nodes; each has a copy.
async fn backend(
    cluster: &ElasticCluster,
    nodes: &[usize],
    name: &str,
) -> Result<Arc<dyn Backend>> {
    let mut config = ElasticConfig::default();
    name.clone_into(&mut config.namespace);
    (config.replicas, config.timeout_ms) = (2, 6_000);
    Ok(Arc::new(ElasticBackend::connect(&cluster.url(nodes), config).await?))
}

/// What commit `n` adds.
fn entries(n: u32) -> Model {
    (0..20).map(|i: u32| (key((n * 20 + i).to_be_bytes()), key(n.to_be_bytes()))).collect()
}

/// Sends a commit until it is done; how long that took.
async fn send(owner: &mut Owner, commit: &Arc<Commit>) -> Result<Duration> {
    let begun = Instant::now();
    while let Err(error) = owner.send(commit).await {
        ensure!(error.is_retryable(), "{error:?}");
        ensure!(begun.elapsed() < Duration::from_secs(60), "it does not go on: {error:?}");
        println!("after {:?}: {error}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(begun.elapsed())
}

async fn the_node_with_the_primary_dies(cluster: &ElasticCluster) -> Result<()> {
    let backend = backend(cluster, &[0, 1, 2], "nodes_die").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    cluster.wait()?;
    let (mut model, mut longest, mut dead) = (Model::new(), Duration::ZERO, None);
    let start = Instant::now();
    let mut n = 0;
    while start.elapsed() < Duration::from_secs(12) {
        if dead.is_none() && start.elapsed() > Duration::from_secs(3) {
            let primary = cluster.primary("nodes_die-data", 0)?;
            tokio::task::block_in_place(|| cluster.kill(primary))?;
            dead = Some(primary);
        }
        let commit = owner.next(puts(MAP, &entries(n)));
        longest = longest.max(send(&mut owner, &commit).await?);
        model.extend(entries(n));
        n += 1;
    }
    println!("{n} commits, the longest took {longest:?}");
    ensure!(all(owner.reader(), MAP).await? == model, "what the owner finds is not all of it");
    ensure!(owner.reader().checkpoint().await?.sequence == u64::from(n), "each counts once");
    cluster.start_again(dead.context("one was killed")?)?;
    let mut next = Owner::claim(&backend, &task(0)).await?;
    ensure!(all(next.reader(), MAP).await? == model, "the next owner does not find all of it");
    next.put(MAP, &entries(n)).await?;
    Ok(())
}

/// The value of the one key past the adapter, as a node has it.
fn told(cluster: &ElasticCluster, node: usize) -> Result<String> {
    let path = "/nodes_cut-data/_search?preference=_local&filter_path=hits.hits._source.value";
    Ok(http(cluster.address(node), "GET", path, "")?.1)
}

async fn a_node_that_was_cut_off_is_not_believed(cluster: &ElasticCluster) -> Result<()> {
    let (old, sound) = (0, [1, 2]);
    let backend = backend(cluster, &[1, 0], "nodes_cut").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    cluster.wait()?;
    let value = |text: &str| Model::from([(key("key"), key(text))]);
    owner.put(MAP, &value("old")).await?;
    http(cluster.address(old), "POST", "/nodes_cut-data/_refresh", "")?;
    let before = told(cluster, old)?;
    ensure!(before.contains("value"), "{before}");
    cluster.pause(old)?;
    let commit = owner.next(puts(MAP, &value("new")));
    send(&mut owner, &commit).await?;
    for node in sound {
        cluster.pause(node)?;
    }
    cluster.resume(old)?;
    let keys = [(MAP, key("key"))];
    let (mut refused, start) = (0, Instant::now());
    let mut shown = false;
    while start.elapsed() < Duration::from_secs(15) {
        match owner.reader().get_many(&keys).await {
            Ok(values) => anyhow::bail!("it is told {values:?} by a node without the others"),
            Err(error) => ensure!(error.is_retryable(), "{error:?}"),
        }
        refused += 1;
        // The node itself does answer, with what it had.
        shown |= told(cluster, old)? == before;
    }
    for node in sound {
        cluster.resume(node)?;
    }
    println!("{refused} reads refused");
    ensure!(shown, "the node showed nothing old, so that nothing was tried");
    cluster.wait()?;
    ensure!(owner.reader().get_many(&keys).await? == [Some(key("new"))]);
    ensure!(all(owner.reader(), MAP).await? == value("new"));
    let commit = owner.next(puts(MAP, &value("next")));
    send(&mut owner, &commit).await?;
    ensure!(owner.reader().checkpoint().await?.sequence == 3, "each counts once");
    Ok(())
}

fn main() -> ExitCode {
    run_on_cluster(
        ElasticCluster::start(),
        &[
            ("the_node_with_the_primary_dies", |cluster| {
                Box::pin(the_node_with_the_primary_dies(cluster))
            }),
            ("a_node_that_was_cut_off_is_not_believed", |cluster| {
                Box::pin(a_node_that_was_cut_off_is_not_believed(cluster))
            }),
        ],
    )
}
