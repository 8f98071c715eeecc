//! The cache: what it saves, and that it never shows what is not so.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures::{TryStreamExt, future::join};
use store_core::{
    Database, EngineConfig, PORTABLE_VALUE_BYTES, Task,
    layers::{CallKind, Fault},
    prelude::*,
};

use crate::common::{BLOBS, COUNTS, Faulty, get_going};

type Counts = std::sync::Arc<dyn KeyValueStore<String, u64>>;

fn with_cache(bytes: usize) -> EngineConfig {
    let mut config = EngineConfig::default();
    config.cache_bytes = bytes;
    config
}

async fn open(database: &Database) -> (Task, Counts) {
    let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    (task, counts)
}

fn key(number: u64) -> String {
    format!("key {number:05}")
}

/// A task that somebody else filled with so many keys, each with its number.
async fn filled(backend: &Faulty, database: &Database, keys: u64) -> (Task, Counts) {
    let (task, counts) = open(&backend.with(with_cache(0))).await;
    counts.put_all((0..keys).map(|n| (key(n), Some(n))).collect()).await.unwrap();
    task.commit(()).await.unwrap();
    task.close().await.unwrap();
    let opened = open(database).await;
    backend.line.clear();
    opened
}

fn gets(backend: &Faulty) -> u64 {
    backend.line.calls(CallKind::GetMany)
}

async fn scan(counts: &Counts) -> Vec<(String, u64)> {
    counts.range(None, None, Order::Forward).try_collect().await.unwrap()
}

#[tokio::test]
async fn what_was_read_is_asked_once() {
    let backend = Faulty::default();
    let (task, counts) = filled(&backend, &backend.database(), 3).await;
    for _ in 0..3 {
        assert_eq!(counts.get(&key(1)).await.unwrap(), Some(1));
        assert_eq!(counts.get(&key(9)).await.unwrap(), None);
    }
    assert_eq!(gets(&backend), 2);
    counts.put(&key(9), &9).await.unwrap();
    assert_eq!(counts.delete(&key(1)).await.unwrap(), Some(1));
    task.commit(()).await.unwrap();
    assert_eq!(counts.get(&key(9)).await.unwrap(), Some(9));
    assert_eq!(counts.get(&key(1)).await.unwrap(), None);
    assert_eq!(gets(&backend), 2);
}

#[tokio::test]
async fn without_a_cache_each_read_asks() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, &backend.with(with_cache(0)), 3).await;
    for _ in 0..3 {
        assert_eq!(counts.get(&key(1)).await.unwrap(), Some(1));
    }
    assert_eq!(gets(&backend), 3);
}

#[tokio::test]
async fn a_new_task_below_the_cache_reads_nothing() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend.database()).await;
    for n in 0..5000 {
        assert_eq!(counts.get(&key(n)).await.unwrap(), None);
        counts.put(&key(n), &n).await.unwrap();
        if n % 1000 == 999 {
            task.commit(()).await.unwrap();
        }
    }
    for n in 0..6000 {
        assert_eq!(counts.get(&key(n)).await.unwrap(), (n < 5000).then_some(n));
    }
    for n in 0..10 {
        assert_eq!(counts.delete(&key(n)).await.unwrap(), Some(n));
        assert_eq!(counts.put_if_absent(&key(n), &1).await.unwrap(), None);
    }
    task.rollback().await.unwrap();
    assert_eq!(counts.get(&key(1)).await.unwrap(), Some(1));
    assert_eq!((gets(&backend), backend.line.calls(CallKind::Scan)), (0, 0));
}

#[tokio::test]
async fn a_value_written_again_leaves_the_map_known_whole() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend.database()).await;
    for n in 0..3 {
        counts.put(&key(1), &n).await.unwrap();
        task.commit(()).await.unwrap();
    }
    assert_eq!(counts.get(&key(1)).await.unwrap(), Some(2));
    assert_eq!(counts.get(&key(2)).await.unwrap(), None);
    assert_eq!(gets(&backend), 0);
}

#[tokio::test]
async fn the_largest_value_is_cached() {
    let backend = Faulty::default();
    let task = backend.database().task("app", 0).store(&BLOBS).open().await.unwrap();
    let blobs = task.store(&BLOBS).unwrap();
    let largest = Bytes::from(vec![1; PORTABLE_VALUE_BYTES]);
    blobs.put(&1, &largest).await.unwrap();
    task.commit(()).await.unwrap();
    assert!(blobs.get(&1).await.unwrap() == Some(largest));
    assert_eq!(blobs.get(&2).await.unwrap(), None);
    assert_eq!(gets(&backend), 0);
}

#[tokio::test]
async fn a_map_is_not_known_whole_once_something_was_evicted() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend.with(with_cache(20_000))).await;
    for n in 0..1000 {
        counts.put(&key(n), &n).await.unwrap();
    }
    task.commit(()).await.unwrap();
    for n in 0..1100 {
        assert_eq!(counts.get(&key(n)).await.unwrap(), (n < 1000).then_some(n));
    }
    assert!(gets(&backend) > 900, "{} reads", gets(&backend));
}

#[tokio::test]
async fn a_scan_of_all_tells_the_whole_map() {
    let backend = Faulty::default();
    let (task, counts) = filled(&backend, &backend.database(), 2500).await;
    assert_eq!(scan(&counts).await.len(), 2500);
    for n in 0..3000 {
        assert_eq!(counts.get(&key(n)).await.unwrap(), (n < 2500).then_some(n));
    }
    counts.put(&key(2600), &7).await.unwrap();
    task.commit(()).await.unwrap();
    assert_eq!(counts.get(&key(2600)).await.unwrap(), Some(7));
    assert_eq!(counts.get(&key(2601)).await.unwrap(), None);
    assert_eq!(gets(&backend), 0);
}

#[tokio::test]
async fn a_scan_tells_the_whole_map_also_where_some_of_it_was_read_before() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, &backend.database(), 10).await;
    assert_eq!(counts.get(&key(1)).await.unwrap(), Some(1));
    assert_eq!(scan(&counts).await.len(), 10);
    assert_eq!(counts.get(&key(20)).await.unwrap(), None);
    assert_eq!(gets(&backend), 1);
}

#[tokio::test]
async fn a_scan_of_a_part_tells_nothing_of_the_rest() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, &backend.database(), 2500).await;
    let some = counts.range(Some(key(10)), None, Order::Forward).try_collect::<Vec<_>>().await;
    assert_eq!(some.unwrap().len(), 2490);
    assert_eq!(counts.get(&key(1)).await.unwrap(), Some(1));
    let mut cut_short = counts.range(None, None, Order::Forward);
    assert!(cut_short.try_next().await.unwrap().is_some());
    assert_eq!(counts.get(&key(2400)).await.unwrap(), Some(2400));
}

/// Of the two races of the design one is in `scan.rs`; this is the other.
#[tokio::test]
async fn a_read_that_started_before_a_write_does_not_fill_the_cache() {
    for write in ["put", "delete"] {
        let backend = Faulty::default();
        let (task, counts) = filled(&backend, &backend.database(), 3).await;
        backend.line.hold_answers(&CallKind::READS);
        let one = key(1);
        let mut late = pin!(counts.get(&one));
        get_going(&mut late).await;
        match write {
            "put" => counts.put(&key(1), &100).await.unwrap(),
            _ => counts.put_all(vec![(key(1), None)]).await.unwrap(),
        }
        task.commit(()).await.unwrap();
        backend.line.release();
        assert_eq!(late.await.unwrap(), Some(1));
        let now = (write == "put").then_some(100);
        assert_eq!(counts.get(&key(1)).await.unwrap(), now, "{write}");
    }
}

#[tokio::test]
async fn a_read_that_started_before_a_rolled_back_write_is_not_shared() {
    let backend = Faulty::default();
    let (task, counts) = filled(&backend, &backend.database(), 3).await;
    backend.line.hold_answers(&CallKind::READS);
    let one = key(1);
    let mut late = pin!(counts.get(&one));
    get_going(&mut late).await;
    counts.put(&key(1), &100).await.unwrap();
    task.rollback().await.unwrap();
    backend.line.release();
    let (late, now) = join(late, counts.get(&one)).await;
    assert_eq!((late.unwrap(), now.unwrap()), (Some(1), Some(1)));
    assert_eq!(gets(&backend), 2);
}

#[tokio::test]
async fn a_scan_that_started_before_a_write_does_not_fill_the_cache() {
    let backend = Faulty::default();
    let (task, counts) = filled(&backend, &backend.database(), 3).await;
    backend.line.hold_answers(&CallKind::READS);
    let mut late = pin!(scan(&counts));
    get_going(&mut late).await;
    counts.put(&key(1), &100).await.unwrap();
    counts.put(&key(7), &7).await.unwrap();
    task.commit(()).await.unwrap();
    backend.line.release();
    late.await;
    assert_eq!(counts.get(&key(1)).await.unwrap(), Some(100));
    assert_eq!(counts.get(&key(7)).await.unwrap(), Some(7));
    assert_eq!(counts.get(&key(2)).await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_rollback_shows_what_is_stored() {
    for fault in [Fault::Refused, Fault::LostRequest, Fault::LostReply] {
        let backend = Faulty::default();
        let (task, counts) = filled(&backend, &backend.database(), 3).await;
        assert_eq!(counts.get(&key(1)).await.unwrap(), Some(1));
        counts.put(&key(1), &100).await.unwrap();
        backend.line.commits([fault]);
        task.commit(()).await.unwrap_err();
        task.rollback().await.unwrap();
        // Settled by sending it again, a commit of unknown outcome has happened.
        let now = if fault == Fault::Refused { 1 } else { 100 };
        assert_eq!(counts.get(&key(1)).await.unwrap(), Some(now), "{fault:?}");
        counts.put(&key(2), &200).await.unwrap();
        task.rollback().await.unwrap();
        assert_eq!(counts.get(&key(2)).await.unwrap(), Some(2));
    }
}

#[tokio::test]
async fn a_new_claim_sees_nothing_of_earlier_ones() {
    let backend = Faulty::default();
    let database = backend.database();
    let (first, counts) = filled(&backend, &database, 3).await;
    assert_eq!(scan(&counts).await.len(), 3);
    let (second, theirs) = open(&backend.database()).await;
    theirs.put(&key(1), &100).await.unwrap();
    theirs.put(&key(7), &7).await.unwrap();
    second.commit(()).await.unwrap();
    let (_third, ours) = open(&database).await;
    assert_eq!(ours.get(&key(1)).await.unwrap(), Some(100));
    assert_eq!(ours.get(&key(7)).await.unwrap(), Some(7));
    first.commit(()).await.unwrap_err();
    assert_eq!(ours.get(&key(1)).await.unwrap(), Some(100));
}

#[tokio::test]
async fn dropped_segments_are_gone_and_a_rollback_brings_them_back() {
    const SEGMENT: Duration = Duration::from_millis(100);
    static WINDOWS: Window<u64, u64> = Window::new("w", SEGMENT, SEGMENT).segments(SEGMENT);
    let backend = Faulty::default();
    let task = backend.database().task("app", 0).store(&WINDOWS).open().await.unwrap();
    let windows = task.store(&WINDOWS).unwrap();
    windows.put(&1, 50, Some(&1)).await.unwrap();
    task.commit(()).await.unwrap();
    assert_eq!(windows.get(&1, 50).await.unwrap(), Some(1));
    windows.put(&1, 500, Some(&2)).await.unwrap();
    assert_eq!(windows.get(&1, 50).await.unwrap(), None);
    task.rollback().await.unwrap();
    assert_eq!(windows.get(&1, 50).await.unwrap(), Some(1));
    windows.put(&1, 500, Some(&2)).await.unwrap();
    task.commit(()).await.unwrap();
    assert_eq!(windows.get(&1, 50).await.unwrap(), None);
    assert_eq!(windows.get(&1, 500).await.unwrap(), Some(2));
    assert_eq!(gets(&backend), 0);
}
