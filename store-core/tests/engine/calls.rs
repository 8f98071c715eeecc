//! How many calls to the backend an operation makes where the cache knows nothing: the table of the guide, which other
//! keys do not change.

use std::time::Duration;

use futures::{TryStreamExt, stream::BoxStream};
use store_core::{EngineConfig, Task, layers::CallKind, prelude::*};

use crate::common::Faulty;

const SEGMENT: Duration = Duration::from_millis(100);
const RETENTION: Duration = Duration::from_millis(300);

static COUNTS: KeyValue<u64, u64> = KeyValue::new("counts");
static WINDOWS: Window<u64, u64> = Window::new("windows", SEGMENT, RETENTION).segments(SEGMENT);
static JOINED: Window<u64, u64> =
    Window::new("joined", SEGMENT, RETENTION).segments(SEGMENT).duplicates();
static SESSIONS: Session<u64, u64> = Session::new("sessions", RETENTION).segments(SEGMENT);
static VERSIONS: VersionedKeyValue<u64, u64> =
    VersionedKeyValue::new("versions", RETENTION).segments(SEGMENT);

/// The key that is asked for; others are below and above.
const KEY: u64 = 1 << 32;

async fn fill(task: &Task, others: u64) {
    let times = [100, 150, 250, 300, 399];
    let below = KEY - others / 2..KEY;
    for key in below.chain(KEY..KEY + others / 2) {
        task.store(&COUNTS).unwrap().put(&key, &1).await.unwrap();
        for time in times {
            task.store(&WINDOWS).unwrap().put(&key, time, Some(&1)).await.unwrap();
            task.store(&JOINED).unwrap().put(&key, time, Some(&1)).await.unwrap();
            let session = SessionWindow::new(time, time);
            task.store(&SESSIONS).unwrap().put(&key, session, Some(&1)).await.unwrap();
            task.store(&VERSIONS).unwrap().put(&key, Some(&1), time).await.unwrap();
        }
    }
    task.commit(()).await.unwrap();
}

async fn drain<T>(stream: BoxStream<'static, Result<T>>) {
    stream.try_for_each(async |_| Ok(())).await.unwrap();
}

/// Notes the calls of operations: point reads, then scans.
macro_rules! count {
    ($calls:ident, $backend:ident, $task:ident; $($name:literal: $call:expr;)*) => {$({
        let before = CallKind::READS.map(|kind| $backend.line.calls(kind));
        let _ = $call.await;
        let after = CallKind::READS.map(|kind| $backend.line.calls(kind));
        $calls.push(($name, after[0] - before[0], after[1] - before[1]));
        // What was buffered would answer the next one.
        $task.rollback().await.unwrap();
    })*};
}

/// The calls of each operation: point reads, then scans.
async fn calls(others: u64) -> Vec<(&'static str, u64, u64)> {
    let backend = Faulty::default();
    let open = async |cache_bytes| {
        let mut config = EngineConfig::default();
        config.cache_bytes = cache_bytes;
        let task = backend.with(config).task("app", 0).store(&COUNTS).store(&WINDOWS);
        task.store(&JOINED).store(&SESSIONS).store(&VERSIONS).open().await.unwrap()
    };
    fill(&open(1 << 30).await, others).await;
    let task = open(0).await;
    let counts = task.store(&COUNTS).unwrap();
    let windows = task.store(&WINDOWS).unwrap();
    let joined = task.store(&JOINED).unwrap();
    let sessions = task.store(&SESSIONS).unwrap();
    let versions = task.store(&VERSIONS).unwrap();
    let at = SessionWindow::new;
    let mut calls = Vec::new();
    count! { calls, backend, task;
        "key_value get": counts.get(&KEY);
        "key_value get_many of 100": counts.get_many(&Vec::from_iter(KEY..KEY + 100));
        "key_value put": counts.put(&KEY, &2);
        "key_value update": counts.update(&KEY, |n| n);
        "window get": windows.get(&KEY, 250);
        "window get, duplicates": joined.get(&KEY, 250);
        "window get, expired": windows.get(&KEY, 50);
        "window fetch, one segment": drain(windows.fetch(&KEY, 200, 299, Order::Forward));
        "window fetch, three segments": drain(windows.fetch(&KEY, i64::MIN, i64::MAX, Order::Backward));
        "window put": windows.put(&KEY, 300, Some(&2));
        "window put, duplicates": joined.put(&KEY, 300, Some(&2));
        "window put, late": windows.put(&KEY, 0, Some(&2));
        "window update": windows.update(&KEY, 300, |n| n);
        "session get": sessions.get(&KEY, at(250, 250));
        "session find, from the last segment on": drain(sessions.find(&KEY, 300, 400, Order::Forward));
        "session find, three segments": drain(sessions.find(&KEY, 0, 400, Order::Forward));
        "session put": sessions.put(&KEY, at(300, 350), Some(&2));
        "session remove": sessions.remove(&KEY, at(300, 300));
        "session merge, in the last segment": sessions.merge(&KEY, at(390, 390), 20, |_| 2);
        "versioned get": versions.get(&KEY);
        "versioned get_as_of, latest": versions.get_as_of(&KEY, 1000);
        "versioned get_as_of, superseded": versions.get_as_of(&KEY, 380);
        "versioned get_as_of, two segments on": versions.get_as_of(&KEY, 160);
        "versioned put, latest": versions.put(&KEY, Some(&2), 400);
        "versioned put, out of order": versions.put(&KEY, Some(&2), 320);
        "versioned delete, latest": versions.delete(&KEY, 400);
        "versioned delete, out of order": versions.delete(&KEY, 320);
        "versioned get_as_of, no such key": versions.get_as_of(&0, 250);
        "versioned put, no such key": versions.put(&0, Some(&2), 250);
        "versioned history": drain(versions.history(&KEY, 240, 320, Order::Forward));
    }
    calls
}

#[tokio::test]
async fn calls_do_not_grow_with_other_keys() {
    let few = calls(200).await;
    let expected = [
        ("key_value get", 1, 0),
        ("key_value get_many of 100", 1, 0),
        ("key_value put", 0, 0),
        ("key_value update", 1, 0),
        ("window get", 1, 0),
        ("window get, duplicates", 0, 1),
        ("window get, expired", 0, 0),
        ("window fetch, one segment", 0, 1),
        ("window fetch, three segments", 0, 3),
        ("window put", 0, 0),
        ("window put, duplicates", 0, 0),
        ("window put, late", 0, 0),
        ("window update", 1, 0),
        ("session get", 1, 0),
        ("session find, from the last segment on", 0, 1),
        ("session find, three segments", 0, 3),
        ("session put", 0, 0),
        ("session remove", 0, 0),
        ("session merge, in the last segment", 0, 1),
        ("versioned get", 1, 0),
        ("versioned get_as_of, latest", 1, 0),
        ("versioned get_as_of, superseded", 1, 1),
        ("versioned get_as_of, two segments on", 1, 3),
        ("versioned put, latest", 1, 0),
        ("versioned put, out of order", 1, 1),
        ("versioned delete, latest", 1, 0),
        ("versioned delete, out of order", 1, 1),
        ("versioned get_as_of, no such key", 1, 2),
        ("versioned put, no such key", 1, 4),
        ("versioned history", 1, 3),
    ];
    assert_eq!(few, expected);
    assert_eq!(calls(10_000).await, expected);
}

/// Stream time stands in the middle of a segment, as it mostly does.
#[tokio::test]
async fn nothing_is_asked_where_no_row_can_be() {
    const OLD: u64 = 1;
    let backend = Faulty::default();
    let open = async || {
        let mut config = EngineConfig::default();
        config.cache_bytes = 0;
        let task = backend.with(config).task("app", 0).store(&SESSIONS).store(&VERSIONS);
        task.open().await.unwrap()
    };
    let task = open().await;
    task.store(&VERSIONS).unwrap().put(&OLD, Some(&1), 150).await.unwrap();
    for time in [150, 250, 350] {
        let session = SessionWindow::new(time, time);
        task.store(&SESSIONS).unwrap().put(&KEY, session, Some(&1)).await.unwrap();
        task.store(&VERSIONS).unwrap().put(&KEY, Some(&1), time).await.unwrap();
    }
    task.commit(()).await.unwrap();
    let task = open().await;
    let (sessions, versions) = (task.store(&SESSIONS).unwrap(), task.store(&VERSIONS).unwrap());
    let at = SessionWindow::new;
    let mut calls = Vec::new();
    count! { calls, backend, task;
        "session merge, at the head": sessions.merge(&KEY, at(380, 380), 20, |_| 2);
        "session merge, in the last segment": sessions.merge(&KEY, at(360, 360), 20, |_| 2);
        "session merge, over two segments": sessions.merge(&KEY, at(290, 290), 20, |_| 2);
        "session find, behind stream time": drain(sessions.find(&KEY, 360, 400, Order::Forward));
        "versioned put, new key in order": versions.put(&0, Some(&2), 360);
        "versioned put, out of order": versions.put(&KEY, Some(&2), 320);
        "versioned put, before an old version": versions.put(&OLD, Some(&2), 120);
        "versioned get_as_of, before an old version": versions.get_as_of(&OLD, 120);
        "versioned history, to its end": drain(versions.history(&KEY, 0, 360, Order::Forward));
    }
    let expected = [
        ("session merge, at the head", 0, 0),
        ("session merge, in the last segment", 0, 1),
        ("session merge, over two segments", 0, 2),
        ("session find, behind stream time", 0, 0),
        ("versioned put, new key in order", 1, 2),
        ("versioned put, out of order", 1, 1),
        ("versioned put, before an old version", 1, 0),
        ("versioned get_as_of, before an old version", 1, 0),
        ("versioned history, to its end", 1, 2),
    ];
    assert_eq!(calls, expected);
}
