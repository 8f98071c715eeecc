//! Late writes, marks of deleted keys, and a node that does not answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::{an_hour_ahead, servers::Server, zombie_loses};
use store_cassandra::CassandraBackend;
use store_conformance::waist::{MAP, Model, Owner, all, deletes, key, puts, scan, task};
use store_core::{
    Effect, ErrorKind,
    backend::{Backend, KeyRange, Order, PageLimit},
};

use super::{backend, config, raw};

fn model(value: &str) -> Model {
    [(key("key"), key(value))].into()
}

pub(crate) async fn a_zombie_ahead_of_its_time_cannot_win(server: Arc<Server>) -> Result<()> {
    let namespace = "store_tests.ahead";
    let ahead = CassandraBackend::connect(server.url(), config(namespace)).await?;
    let ahead: Arc<dyn Backend> = Arc::new(ahead.with_redo(an_hour_ahead()));
    let plain = backend(&server, namespace).await?;
    let owner = zombie_loses(&ahead, &plain).await?;
    ensure!(all(owner.reader(), MAP).await?.is_empty(), "a delete lost against an older write");
    Ok(())
}

/// A key deleted by one owner stays so when a write of the owner before arrives late.
pub(crate) async fn a_late_write_brings_nothing_back(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "store_tests.late").await?;
    let mut old = Owner::claim(&backend, &task(0)).await?;
    old.put(MAP, &model("before")).await?;
    let commit = old.next(puts(MAP, &model("late")));
    old.claim.writer.commit(&commit).await?;
    let mut new = Owner::claim(&backend, &task(0)).await?;
    let commit = new.next(deletes(MAP, [key("key")]));
    new.send(&commit).await?;
    old.claim.writer.apply().await?;
    ensure!(all(new.reader(), MAP).await?.is_empty(), "it came back");
    ensure!(all(&*backend.read(&task(0)).await?, MAP).await?.is_empty(), "it came back");
    Ok(())
}

pub(crate) async fn deletes_at_the_low_end_are_no_hindrance(server: Arc<Server>) -> Result<()> {
    let mut one = config("store_tests.low");
    // All marks in one partition.
    one.buckets = 1;
    let backend: Arc<dyn Backend> = Arc::new(CassandraBackend::connect(server.url(), one).await?);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let number = |n: u32| key(n.to_be_bytes());
    let entries: Model = (0..10_100).map(|n| (number(n), key("value"))).collect();
    owner.put(MAP, &entries).await?;
    let commit = owner.next(deletes(MAP, (0..10_000).map(number)));
    owner.send(&commit).await?;
    let live: Vec<_> = entries.into_iter().skip(10_000).collect();
    for order in [Order::Forward, Order::Backward] {
        let mut found =
            scan(owner.reader(), MAP, KeyRange::ALL, order, PageLimit::default()).await?;
        if order == Order::Backward {
            found.reverse();
        }
        ensure!(found == live, "{order:?}: {} entries", found.len());
    }
    Ok(())
}

pub(crate) async fn a_node_that_hangs_is_told_of_in_time(server: Arc<Server>) -> Result<()> {
    let mut short = config("store_tests.hangs");
    (short.timeout_ms, short.connect_timeout_ms) = (2_000, 1_000);
    let backend = CassandraBackend::connect(server.url(), short.clone()).await?;
    let backend: Arc<dyn Backend> = Arc::new(backend);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    // The second one sweeps: the third has nothing to do but the change of the record, which is then on its way.
    for _ in 0..2 {
        owner.put(MAP, &model("before")).await?;
    }
    server.pause()?;
    let start = Instant::now();
    let commit = owner.next(puts(MAP, &model("after")));
    let error = owner.send(&commit).await.err();
    let first = start.elapsed();
    let connecting = CassandraBackend::connect(server.url(), short).await.err();
    let second = start.elapsed() - first;
    server.resume()?;
    let error = error.context("nobody answered")?;
    ensure!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable), "{error:?}");
    ensure!(error.effect() == Effect::Unknown && error.is_retryable(), "{error:?}");
    ensure!(first < Duration::from_secs(5), "it took {first:?}");
    let error = connecting.context("nobody answered")?;
    ensure!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable), "{error:?}");
    ensure!(second < Duration::from_secs(5), "it took {second:?}");
    let mut tries = 0;
    while let Err(error) = owner.send(&commit).await {
        ensure!(error.is_retryable() && tries < 100, "{error:?}");
        tries += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(owner.reader().checkpoint().await?.sequence == 3, "it counts once");
    ensure!(all(owner.reader(), MAP).await? == model("after"));
    Ok(())
}

/// The server forgets what was prepared when a table changes.
pub(crate) async fn statements_are_prepared_again(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "again").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("before")).await?;
    let session = raw(&server).await?;
    for table in ["data", "records", "logs", "maps", "tasks"] {
        session.query_unpaged(format!("ALTER TABLE again.{table} ADD theirs text"), ()).await?;
    }
    owner.put(MAP, &model("after")).await?;
    ensure!(all(owner.reader(), MAP).await? == model("after"));
    ensure!(backend.tasks(&task(0).application).await?.len() == 1);
    Ok(())
}
