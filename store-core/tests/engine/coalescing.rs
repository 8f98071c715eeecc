//! Reads that miss travel together.

use std::{pin::pin, sync::Arc};

use bytes::Bytes;
use futures::future::{join, join_all};
use store_core::{
    EngineConfig, ErrorKind, Task,
    codec::Raw,
    layers::{CallKind, Fault},
    prelude::*,
};

use crate::common::{COUNTS, Faulty, get_going};

type Counts = Arc<dyn KeyValueStore<String, u64>>;

fn keys(keys: std::ops::Range<u64>) -> Vec<String> {
    keys.map(|n| n.to_string()).collect()
}

/// A task of 1000 keys, each with its number, of which nothing is cached.
async fn filled(backend: &Faulty, set: impl Fn(&mut EngineConfig)) -> (Task, Counts) {
    let mut config = EngineConfig::default();
    set(&mut config);
    let open = || backend.with(config.clone()).task("app", 0).store(&COUNTS).open();
    let task = open().await.unwrap();
    let entries = (0..1000).map(|n| (n.to_string(), Some(n))).collect();
    task.store(&COUNTS).unwrap().put_all(entries).await.unwrap();
    task.commit(()).await.unwrap();
    let task = open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    (task, counts)
}

fn asked(backend: &Faulty) -> Vec<usize> {
    backend.watched.asked()
}

#[tokio::test]
async fn a_hundred_misses_are_one_or_two_requests() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |_| {}).await;
    let keys = keys(0..100);
    let found = join_all(keys.iter().map(|key| counts.get(key))).await;
    for (n, found) in (0..).zip(found) {
        assert_eq!(found.unwrap(), Some(n));
    }
    assert!(asked(&backend).len() <= 2, "{:?}", asked(&backend));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misses_of_spawned_handlers_travel_together() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |_| {}).await;
    let handlers = (0..400_u64).map(|n| {
        let counts = counts.clone();
        tokio::spawn(async move { counts.get(&n.to_string()).await.unwrap() })
    });
    for (n, found) in (0..).zip(join_all(handlers).await) {
        assert_eq!(found.unwrap(), Some(n));
    }
    assert_eq!(asked(&backend).iter().sum::<usize>(), 400);
}

#[tokio::test]
async fn while_requests_are_on_their_way_the_others_gather() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |config| config.reads_in_flight = 1).await;
    backend.line.hold_answers(&CallKind::READS);
    let all = keys(0..100);
    let mut first = pin!(counts.get(&all[0]));
    get_going(&mut first).await;
    let mut rest = pin!(join_all(all[1..].iter().map(|key| counts.get(key))));
    get_going(&mut rest).await;
    assert_eq!(asked(&backend), [1]);
    backend.line.release();
    let (first, rest) = join(first, rest).await;
    assert!(rest.into_iter().chain([first]).all(|found| found.is_ok()));
    assert_eq!(asked(&backend), [1, 99]);
}

#[tokio::test]
async fn equal_keys_are_asked_once() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |_| {}).await;
    let (same, others) = ("5".to_owned(), keys(0..10));
    let one = join_all((0..50).map(|_| counts.get(&same)));
    let (one, many) = join(one, counts.get_many(&others)).await;
    assert!(one.into_iter().all(|found| found.unwrap() == Some(5)));
    assert_eq!(many.unwrap(), (0..10).map(Some).collect::<Vec<_>>());
    assert_eq!(asked(&backend), [10]);
}

#[tokio::test]
async fn who_gives_up_strands_nobody() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |config| config.reads_in_flight = 1).await;
    backend.line.hold_answers(&CallKind::READS);
    let all = keys(0..4);
    let mut first = Box::pin(counts.get(&all[0]));
    get_going(&mut first).await;
    let mut same = Box::pin(counts.get(&all[0]));
    let mut gathers = Box::pin(counts.get(&all[1]));
    let mut together = Box::pin(counts.get(&all[2]));
    get_going(&mut gathers).await;
    get_going(&mut same).await;
    get_going(&mut together).await;
    drop((first, gathers));
    backend.line.release();
    assert_eq!(same.await.unwrap(), Some(0));
    assert_eq!(together.await.unwrap(), Some(2));
    // All that was asked for by who gave up is asked anew.
    let mut alone = Box::pin(counts.get(&all[3]));
    backend.line.hold_answers(&CallKind::READS);
    get_going(&mut alone).await;
    drop(alone);
    backend.line.release();
    assert_eq!(counts.get(&all[3]).await.unwrap(), Some(3));
}

#[tokio::test]
async fn a_read_that_nobody_polls_holds_up_nobody() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |config| config.reads_in_flight = 1).await;
    backend.line.hold_answers(&CallKind::READS);
    let all = keys(0..2);
    let mut idle = pin!(counts.get(&all[0]));
    get_going(&mut idle).await;
    backend.line.release();
    assert_eq!(counts.get(&all[1]).await.unwrap(), Some(1));
    assert_eq!(idle.await.unwrap(), Some(0));
}

#[tokio::test]
async fn an_error_reaches_everybody_and_is_not_kept() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |_| {}).await;
    backend.line.reads([Fault::LostReply]);
    let all = keys(0..10);
    for found in join_all(all.iter().map(|key| counts.get(key))).await {
        let error = found.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
        assert_eq!(error.to_string(), "store counts: an injected fault: no answer to get_many");
    }
    for (n, found) in (0..).zip(join_all(all.iter().map(|key| counts.get(key))).await) {
        assert_eq!(found.unwrap(), Some(n));
    }
    assert_eq!(asked(&backend), [10, 10]);
}

#[tokio::test]
async fn requests_keep_to_the_limits() {
    let backend = Faulty::default();
    let limits = |config: &mut EngineConfig| {
        config.read_batch_keys = 10;
        config.reads_in_flight = 2;
    };
    let (_task, counts) = filled(&backend, limits).await;
    let found = counts.get_many(&keys(0..95)).await.unwrap();
    assert_eq!(found, (0..95).map(Some).collect::<Vec<_>>());
    let mut sizes = asked(&backend);
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 10, 10, 10, 10, 10, 10, 10, 10, 10]);
    assert_eq!(backend.watched.most_reading(), 2);
}

#[tokio::test]
async fn requests_are_smaller_where_values_are_large() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |config| config.read_batch_bytes = 30).await;
    // The values are not known to be long or short before the first came.
    assert_eq!(counts.get(&"999".to_owned()).await.unwrap(), Some(999));
    counts.get_many(&keys(100..120)).await.unwrap();
    let most = asked(&backend).into_iter().max().unwrap();
    assert!((2..=10).contains(&most), "{most} keys");
}

#[tokio::test]
async fn small_values_of_one_store_say_nothing_of_another() {
    static BLOBS: KeyValue<String, Bytes, Raw> = KeyValue::new("blobs").values(Raw);
    let backend = Faulty::default();
    let mut config = EngineConfig::default();
    (config.read_batch_bytes, config.cache_bytes) = (50_000, 0);
    let database = backend.with(config);
    let open = || database.task("app", 0).store(&COUNTS).store(&BLOBS).open();
    let task = open().await.unwrap();
    let all = keys(0..40);
    for key in &all {
        task.store(&COUNTS).unwrap().put(key, &1).await.unwrap();
        task.store(&BLOBS).unwrap().put(key, &vec![1; 40_000].into()).await.unwrap();
    }
    task.commit(()).await.unwrap();
    let task = open().await.unwrap();
    let (counts, blobs) = (task.store(&COUNTS).unwrap(), task.store(&BLOBS).unwrap());
    let largest = async |from: usize| {
        assert_eq!(blobs.get_many(&all[10..30]).await.unwrap().len(), 20);
        asked(&backend)[from..].iter().copied().max().unwrap()
    };
    for key in &all {
        counts.get(key).await.unwrap();
    }
    // Nothing is known of these values, and that is not taken for none.
    let unknown = largest(asked(&backend).len()).await;
    assert!(unknown <= 13, "{unknown} keys");
    for key in &all {
        counts.get(key).await.unwrap();
    }
    let known = largest(asked(&backend).len()).await;
    assert_eq!(known, 2, "{known} keys");
}

#[tokio::test]
async fn a_few_small_values_do_not_hide_the_large_ones_of_their_store() {
    let backend = Faulty::default();
    let (_task, counts) = filled(&backend, |config| {
        (config.read_batch_bytes, config.cache_bytes) = (30, 0);
    })
    .await;
    assert_eq!(counts.get(&"999".to_owned()).await.unwrap(), Some(999));
    for small in 0..3_u64 {
        assert_eq!(counts.get(&small.to_string()).await.unwrap(), Some(small));
    }
    let before = asked(&backend).len();
    counts.get_many(&keys(100..120)).await.unwrap();
    let most = asked(&backend)[before..].iter().copied().max().unwrap();
    assert!(most <= 6, "{most} keys");
}
