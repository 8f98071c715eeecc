//! Scans ask for what comes next while the caller works on what is there.

use std::{pin::pin, time::Duration};

use futures::{StreamExt, TryStreamExt};
use store_core::{EngineConfig, Task, layers::CallKind, prelude::*};

use crate::common::{COUNTS, Faulty, get_going};

fn ten_a_page() -> EngineConfig {
    let mut config = EngineConfig::default();
    config.page_entries = 10;
    config
}

fn scans(backend: &Faulty) -> u64 {
    backend.line.calls(CallKind::Scan)
}

/// A task that somebody else filled with so many keys.
async fn filled(backend: &Faulty, keys: u64) -> Task {
    let open = || backend.with(ten_a_page()).task("app", 0).store(&COUNTS).open();
    let task = open().await.unwrap();
    let entries = (0..keys).map(|n| (format!("{n:05}"), Some(n))).collect();
    task.store(&COUNTS).unwrap().put_all(entries).await.unwrap();
    task.commit(()).await.unwrap();
    open().await.unwrap()
}

#[tokio::test]
async fn the_next_page_is_asked_for_when_half_of_one_is_used() {
    let backend = Faulty::default();
    let task = filled(&backend, 35).await;
    let mut scan = task.store(&COUNTS).unwrap().range(None, None, Order::Forward);
    let mut asked = Vec::new();
    while scan.try_next().await.unwrap().is_some() {
        asked.push(scans(&backend));
    }
    // The fifth entry leaves half of the first page.
    assert_eq!(asked[..12], [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
    assert_eq!((asked.len(), scans(&backend)), (35, 4));
}

#[tokio::test]
async fn a_scan_of_ten_thousand_asks_about_ten_times() {
    let backend = Faulty::default();
    drop(filled(&backend, 10_000).await);
    let task = backend.database().task("app", 0).store(&COUNTS).open().await.unwrap();
    let scan = task.store(&COUNTS).unwrap().range(None, None, Order::Backward);
    assert_eq!(scan.count().await, 10_000);
    assert!((10..=11).contains(&scans(&backend)), "{} pages", scans(&backend));
}

#[tokio::test]
async fn segments_are_asked_for_together_and_come_in_order() {
    const SEGMENT: Duration = Duration::from_millis(10);
    const RETENTION: Duration = Duration::from_millis(1000);
    static WINDOWS: Window<u64, u64> = Window::new("w", SEGMENT, RETENTION).segments(SEGMENT);
    let backend = Faulty::default();
    let open = || backend.with(ten_a_page()).task("app", 0).store(&WINDOWS).open();
    let task = open().await.unwrap();
    for start in 0..90 {
        task.store(&WINDOWS).unwrap().put(&1, start, Some(&start.unsigned_abs())).await.unwrap();
    }
    task.commit(()).await.unwrap();
    let task = open().await.unwrap();
    for order in [Order::Forward, Order::Backward] {
        backend.line.clear();
        backend.line.hold(&[CallKind::Scan]);
        let scan = task.store(&WINDOWS).unwrap().fetch(&1, 0, 100, order);
        let mut scan = pin!(scan.try_collect::<Vec<_>>());
        get_going(&mut scan).await;
        assert_eq!(scans(&backend), 4);
        backend.line.release();
        let mut expected: Vec<_> = (0..90_i64).map(|start| (start, start.unsigned_abs())).collect();
        if order == Order::Backward {
            expected.reverse();
        }
        assert_eq!(scan.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_page_fetched_ahead_shows_what_was_written_before() {
    let backend = Faulty::default();
    let task = filled(&backend, 20).await;
    let counts = task.store(&COUNTS).unwrap();
    let mut scan = counts.range(None, None, Order::Forward);
    for _ in 0..8 {
        scan.try_next().await.unwrap();
    }
    assert_eq!(scans(&backend), 2);
    // All of what the page ahead was merged from leaves the buffers before it is used.
    counts.put(&"00015".to_owned(), &100).await.unwrap();
    counts.put(&"99999".to_owned(), &100).await.unwrap();
    task.commit(()).await.unwrap();
    let rest: Vec<_> = scan.try_collect().await.unwrap();
    let keys: Vec<_> = rest.iter().map(|(key, _)| key.parse::<u64>().unwrap()).collect();
    assert_eq!(keys[..12], Vec::from_iter(8..20));
}
