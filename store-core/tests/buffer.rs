//! The limits of what is buffered: who is stopped, who waits, and for what.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::time::Duration;

use common::{COUNTS, Faulty};
use store_core::{EngineConfig, layers::CallKind, prelude::*};
use tokio::time::{sleep, timeout};

fn key(name: &str) -> String {
    name.to_owned()
}

#[tokio::test]
async fn the_hard_limit_stops_a_handler_that_never_commits() {
    let backend = Faulty::default();
    let mut config = EngineConfig::default();
    (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (50_000, 100_000);
    let database = backend.with(config);
    let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let mut n = 0;
    let error = loop {
        assert_eq!(task.wants_commit(), task.buffered_bytes() >= 50_000);
        match counts.put(&format!("{n:08}"), &n).await {
            Ok(()) => n += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::BufferFull);
    assert!(task.buffered_bytes() <= 100_000 && task.buffered_bytes() > 99_000);
    task.commit(()).await.unwrap();
    counts.put(&format!("{n:08}"), &n).await.unwrap();
    assert_eq!(counts.all().count_ok().await, n + 1);
}

/// Neither may wait for the other: the rollback waits for the unit.
#[tokio::test]
async fn a_rollback_does_not_promise_room_to_a_unit() {
    let backend = Faulty::default();
    let mut config = EngineConfig::default();
    (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (1_000, 1_000);
    let task = backend.with(config).task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let unit = task.begin("s", 0).await.unwrap().unwrap();
    let rollback = tokio::spawn({
        let task = task.clone();
        async move { task.rollback().await }
    });
    sleep(Duration::from_millis(5)).await;
    let full = async {
        for n in 0_u64.. {
            if let Err(error) = counts.put(&n.to_string(), &n).await {
                return error.kind();
            }
        }
        unreachable!("the buffer has a limit")
    };
    let kind = timeout(Duration::from_secs(5), full).await.unwrap();
    assert_eq!(kind, ErrorKind::BufferFull);
    drop(unit);
    rollback.await.unwrap().unwrap();
    assert_eq!(counts.get(&key("0")).await.unwrap(), None);
}

#[tokio::test]
async fn a_write_above_the_hard_limit_can_never_fit() {
    let backend = Faulty::default();
    let mut config = EngineConfig::default();
    (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (1_000, 1_000);
    let task = backend.with(config).task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let error = counts.put(&"k".repeat(1_000), &1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn at_the_hard_limit_a_write_waits_for_a_commit_on_its_way() {
    let backend = Faulty::default();
    let mut config = EngineConfig::default();
    (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (1_000, 1_000);
    let database = backend.with(config);
    let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let fill = async |prefix: &str| {
        for n in 0_u64.. {
            if counts.put(&format!("{prefix}{n}"), &n).await.is_err() {
                return;
            }
        }
    };
    fill("a").await;
    backend.line.hold(&[CallKind::Commit]);
    let commit = tokio::spawn({
        let task = task.clone();
        async move { task.commit(()).await }
    });
    sleep(Duration::from_millis(5)).await;
    let (full, seven) = (key("b"), 7);
    let write = counts.put(&full, &seven);
    tokio::pin!(write);
    assert!(timeout(Duration::from_millis(20), &mut write).await.is_err());
    backend.line.release();
    write.await.unwrap();
    commit.await.unwrap().unwrap();
    assert_eq!(counts.get(&full).await.unwrap(), Some(7));
}

trait CountOk {
    async fn count_ok(self) -> u64;
}

impl<S: futures::Stream<Item = Result<T>> + Unpin, T> CountOk for S {
    async fn count_ok(mut self) -> u64 {
        let mut count = 0;
        while let Some(entry) = futures::StreamExt::next(&mut self).await {
            entry.unwrap();
            count += 1;
        }
        count
    }
}
