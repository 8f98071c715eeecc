//! Late writes, marks of deleted keys, and a node that does not answer.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use integration_tests::servers::Server;
use store_cassandra::CassandraBackend;
use store_conformance::waist::{MAP, Model, Owner, all, deletes, key, puts, scan, task};
use store_core::{
    Effect, ErrorKind,
    backend::{Backend, KeyRange, Order, PageLimit},
    redo::{Clock, RedoConfig},
};

use super::{backend, config, raw};

fn model(value: &str) -> Model {
    [(key("key"), key(value))].into()
}

/// The machine's clocks, the wall clock an hour ahead.
#[derive(Debug)]
struct Ahead(Instant);

impl Clock for Ahead {
    fn wall_micros(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX) + 3_600_000_000
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

pub(crate) async fn a_zombie_ahead_of_its_time_cannot_win(server: Arc<Server>) -> Result<()> {
    let namespace = "store_tests.ahead";
    let mut redo = RedoConfig::default();
    redo.clock = Arc::new(Ahead(Instant::now()));
    let ahead = CassandraBackend::connect(server.url(), config(namespace)).await?.with_redo(redo);
    let ahead: Arc<dyn Backend> = Arc::new(ahead);
    let plain = backend(&server, namespace).await?;
    let mut zombie = Owner::claim(&ahead, &task(0)).await?;
    zombie.put(MAP, &model("zombie")).await?;
    let commit = zombie.next(puts(MAP, &model("late")));
    zombie.claim.writer.commit(&commit).await?;
    // Decided, and finished by the next owner, whose clock is an hour behind its stamp.
    let mut owner = Owner::claim(&plain, &task(0)).await?;
    ensure!(all(owner.reader(), MAP).await? == model("late"));
    owner.put(MAP, &model("owner")).await?;
    // The zombie applies what was decided once more: it is older.
    zombie.claim.writer.apply().await?;
    ensure!(all(owner.reader(), MAP).await? == model("owner"), "an older write came through");
    let commit = owner.next(deletes(MAP, [key("key")]));
    owner.send(&commit).await?;
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
    let backend = backend(&server, "store_tests.low").await?;
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
    owner.put(MAP, &model("before")).await?;
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
    ensure!(owner.reader().checkpoint().await?.sequence == 2, "it counts once");
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
