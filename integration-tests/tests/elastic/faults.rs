//! Late writes, single items that are refused, connections that end, nodes that do not answer, and old marks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use integration_tests::{
    an_hour_ahead,
    crash::{Loss, Proxy},
    servers::Server,
    zombie_loses,
};
use store_conformance::waist::{MAP, Model, Owner, all, deletes, key, puts, task};
use store_core::{
    Effect, ErrorKind,
    backend::{Backend, Commit, IndexedField, MapChange, OwnerId, Put, StoreSpec},
    redo::{Clock, RedoConfig, SystemClock},
    search::FieldType,
};
use store_elastic::ElasticBackend;

use super::{ask, backend, config, model, refused};

/// What it applies late is older: the server says so of each item, and that is no error.
pub(crate) async fn a_zombie_ahead_of_its_time_cannot_win(server: Arc<Server>) -> Result<()> {
    let namespace = "elastic_tests.ahead";
    let ahead = ElasticBackend::connect(server.url(), config(namespace)).await?;
    let ahead: Arc<dyn Backend> = Arc::new(ahead.with_redo(an_hour_ahead()));
    let plain = backend(&server, namespace).await?;
    zombie_loses(&ahead, &plain).await?;
    let mut late = Owner::claim(&plain, &task(1)).await?;
    late.put(MAP, &model("before")).await?;
    let commit = late.next(puts(MAP, &model("late")));
    late.claim.writer.commit(&commit).await?;
    let mut next = Owner::claim(&plain, &task(1)).await?;
    let commit = next.next(deletes(MAP, [key("key")]));
    next.send(&commit).await?;
    server.kill()?;
    server.start_again()?;
    // What the server remembered of deletes it has forgotten; the marks are there.
    late.claim.writer.apply().await?;
    ensure!(all(&*plain.read(&task(1)).await?, MAP).await?.is_empty(), "it came back");
    ensure!(all(&*plain.read(&task(0)).await?, MAP).await?.is_empty(), "a delete was lost");
    Ok(())
}

/// One item that the mapping does not take: an error with its kind, and the others are done.
pub(crate) async fn an_item_that_is_refused_ends_no_other(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_items").await?;
    let mut spec = StoreSpec::new("store".parse()?, "key_value", "bytes", "raw");
    spec.fields = vec![IndexedField::new("number", FieldType::Integer)];
    let claim = backend.claim(&task(0), OwnerId::random(), std::slice::from_ref(&spec)).await?;
    let mut checkpoint = claim.checkpoint.clone();
    checkpoint.assign(&[spec])?;
    checkpoint.sequence += 1;
    let mut puts = puts(MAP, &(0..5).map(|n| (key([n]), key("value"))).collect());
    if let Some(MapChange::Write(writes)) = puts.get_mut(&MAP) {
        let mut put = Put::new(key("SECRET"));
        put.fields = Some(r#"{"number":"SECRET"}"#.into());
        writes.insert(key([2]), Some(put));
    }
    claim.writer.commit(&Arc::new(Commit::new(checkpoint, puts))).await?;
    let error = refused(claim.writer.apply().await)?;
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    ensure!(!format!("{error:?}").contains("SECRET"), "a value is shown: {error:?}");
    let keys: Vec<_> = (0..5).map(|n| (MAP, key([n]))).collect();
    let values = claim.writer.get_many(&keys).await?;
    let there: Vec<_> = values.iter().map(Option::is_some).collect();
    ensure!(there == [true, true, false, true, true], "{there:?}");
    Ok(())
}

pub(crate) async fn a_connection_cut_in_a_bulk_loses_nothing(server: Arc<Server>) -> Result<()> {
    let proxy = Proxy::start(server.address()?).await?;
    let url = format!("elasticsearch+http://{}", proxy.address());
    let cut = ElasticBackend::connect(&url, config("elastic_tests.cut")).await?;
    let cut: Arc<dyn Backend> = Arc::new(cut);
    let mut owner = Owner::claim(&cut, &task(0)).await?;
    let mut expected = Model::new();
    // What writes entries, and what decides a commit.
    for (number, marker) in [(0, "external_gte"), (1, r#""change":"commit""#)] {
        for (round, loss) in [(0, Loss::Request), (1, Loss::Reply)] {
            let entries: Model =
                (0..3000_u32).map(|n| (key(n.to_be_bytes()), key([number, round]))).collect();
            // A request of so many entries comes in several pieces, all with the marker: the first one goes through.
            let spared = u64::from(number == 0);
            proxy.lose(marker.as_bytes(), spared, loss);
            let before = proxy.losses();
            owner.put(MAP, &entries).await?;
            ensure!(proxy.losses() == before + 1, "nothing was lost");
            expected = entries;
        }
    }
    ensure!(all(owner.reader(), MAP).await? == expected);
    ensure!(owner.reader().checkpoint().await?.sequence == 4, "each counts once");
    Ok(())
}

pub(crate) async fn a_node_that_hangs_is_told_of_in_time(server: Arc<Server>) -> Result<()> {
    let mut short = config("elastic_tests.hangs");
    short.timeout_ms = 2_000;
    let backend = ElasticBackend::connect(server.url(), short.clone()).await?;
    let backend: Arc<dyn Backend> = Arc::new(backend);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("before")).await?;
    server.pause()?;
    let start = Instant::now();
    let commit = owner.next(puts(MAP, &model("after")));
    let error = owner.send(&commit).await.err();
    let first = start.elapsed();
    let connecting = ElasticBackend::connect(server.url(), short).await.err();
    let second = start.elapsed() - first;
    server.resume()?;
    for (error, took) in [(error, first), (connecting, second)] {
        let error = error.ok_or_else(|| anyhow::anyhow!("nobody answered"))?;
        ensure!(error.kind() == ErrorKind::Timeout && error.is_retryable(), "{error:?}");
        ensure!(error.effect() == Effect::Unknown, "{error:?}");
        ensure!(took < Duration::from_secs(10), "it took {took:?}");
    }
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

/// Of several nodes those that are not there are passed by, also when one goes away later.
pub(crate) async fn another_node_goes_on(server: Arc<Server>) -> Result<()> {
    let (first, second) =
        (Proxy::start(server.address()?).await?, Proxy::start(server.address()?).await?);
    let url = format!("elasticsearch+http://127.0.0.1:1,{},{}", first.address(), second.address());
    let backend = ElasticBackend::connect(&url, config("elastic_tests.nodes")).await?;
    let backend: Arc<dyn Backend> = Arc::new(backend);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("one")).await?;
    first.cut();
    owner.put(MAP, &model("two")).await?;
    first.mend();
    second.cut();
    owner.put(MAP, &model("three")).await?;
    ensure!(all(owner.reader(), MAP).await? == model("three"));
    Ok(())
}

/// A clock that is two days behind.
#[derive(Debug)]
struct Behind(SystemClock);

impl Clock for Behind {
    fn wall_micros(&self) -> i64 {
        self.0.wall_micros() - 2 * 86_400_000_000
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

/// A mark goes when a note says that it was there a day ago, and its stamp is as old; one that was made since stays.
pub(crate) async fn old_marks_are_removed_and_new_ones_stay(server: Arc<Server>) -> Result<()> {
    let namespace = "elastic_marks";
    let marks = || -> Result<u64> {
        ask(&server, "POST", "/elastic_marks-data/_refresh", "")?;
        let query = r#"{"query": {"term": {"deleted": true}}}"#;
        let said = ask(&server, "POST", "/elastic_marks-data/_count", query)?;
        let said: serde_json::Value = serde_json::from_str(&said)?;
        said["count"].as_u64().ok_or_else(|| anyhow::anyhow!("no count"))
    };
    // Each handle looks at them with its first commit that deletes.
    let delete = async |name: &str, redo: RedoConfig| -> Result<()> {
        let backend = ElasticBackend::connect(server.url(), config(namespace)).await?;
        let backend: Arc<dyn Backend> = Arc::new(backend.with_redo(redo));
        let mut owner = Owner::claim(&backend, &task(0)).await?;
        let commit = owner.next(deletes(MAP, [key(name)]));
        Ok(owner.send(&commit).await?)
    };
    let mut behind = RedoConfig::default();
    behind.clock = Arc::new(Behind(SystemClock::default()));
    delete("first", behind).await?;
    delete("second", RedoConfig::default()).await?;
    ensure!(marks()? == 2, "the note is not old");
    let note = "/elastic_marks-tasks/_doc/app%2F0%2Fpurge?routing=app%2F0";
    let age = |stamp: Option<i64>| -> Result<()> {
        let said: serde_json::Value = serde_json::from_str(&ask(&server, "GET", note, "")?)?;
        let mut old = said["_source"].clone();
        old["time"] = 1.into();
        if let Some(stamp) = stamp {
            old["stamp"] = stamp.into();
        }
        ask(&server, "PUT", note, &old.to_string()).map(drop)
    };
    age(None)?;
    delete("third", RedoConfig::default()).await?;
    ensure!(marks()? == 2, "the first is gone; the second was made after the note");
    age(Some(i64::MAX))?;
    delete("fourth", RedoConfig::default()).await?;
    ensure!(marks()? == 3, "by their stamps none is old, whatever the note says");
    Ok(())
}
