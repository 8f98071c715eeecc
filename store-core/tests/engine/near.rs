//! Reads that are in this process and worth caching, as those of files are.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures::{FutureExt, TryStreamExt};
use store_core::{
    Database, EngineConfig, KeyValue, Task, codec::Raw, memory::MemoryBackend, prelude::*,
};

use crate::common::near::Near;

static BYTES: KeyValue<Bytes, Bytes, Raw> = KeyValue::new("bytes").values(Raw);

type Counts = Arc<dyn KeyValueStore<u64, u64>>;

static NUMBERS: KeyValue<u64, u64> = KeyValue::new("numbers");

/// A database whose point reads are counted.
struct Counted {
    near: Near,
    gets: Arc<AtomicU64>,
}

impl Counted {
    fn new() -> Self {
        let memory = MemoryBackend::new();
        let mut near = Near::new(memory.clone(), Arc::new(memory));
        let gets = Arc::new(AtomicU64::new(0));
        let counter = gets.clone();
        near.afterwards = Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        Self { near, gets }
    }

    async fn open(&self, cache_bytes: usize) -> (Task, Counts) {
        let mut config = EngineConfig::default();
        config.cache_bytes = cache_bytes;
        let database = Database::with(Arc::new(self.near.clone()), config).unwrap();
        let task = database.task("app", 0).store(&NUMBERS).open().await.unwrap();
        let counts = task.store(&NUMBERS).unwrap();
        self.gets.store(0, Ordering::Relaxed);
        (task, counts)
    }

    /// A task that somebody else filled with so many keys, each with its number.
    async fn filled(&self, keys: u64) -> (Task, Counts) {
        let (task, counts) = self.open(0).await;
        counts.put_all((0..keys).map(|n| (n, Some(n))).collect()).await.unwrap();
        task.commit(()).await.unwrap();
        self.open(64 << 20).await
    }

    fn gets(&self) -> u64 {
        self.gets.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn what_was_read_is_kept_and_follows_commits() {
    let counted = Counted::new();
    let (task, counts) = counted.filled(3).await;
    for _ in 0..3 {
        assert_eq!(counts.get(&1).await.unwrap(), Some(1));
    }
    assert_eq!(counted.gets(), 1);
    counts.put(&1, &7).await.unwrap();
    task.commit(()).await.unwrap();
    assert_eq!(counts.get(&1).await.unwrap(), Some(7));
    assert_eq!(counts.delete(&1).await.unwrap(), Some(7));
    task.commit(()).await.unwrap();
    assert_eq!((counts.get(&1).await.unwrap(), counted.gets()), (None, 1));
}

#[tokio::test]
async fn several_keys_are_kept_too() {
    let counted = Counted::new();
    let (_task, counts) = counted.filled(200).await;
    let keys: Vec<_> = (0..300).collect();
    let values: Vec<_> = keys.iter().map(|&n| (n < 200).then_some(n)).collect();
    assert_eq!(counts.get_many(&keys).await.unwrap(), values);
    for n in 0..200 {
        assert_eq!(counts.get(&n).await.unwrap(), Some(n));
    }
    assert_eq!(counted.gets(), 0);
}

#[tokio::test]
async fn a_key_that_is_not_answered_is_not_absent() {
    let mut counted = Counted::new();
    counted.near.unanswered = 1;
    let (_task, counts) = counted.filled(3).await;
    let error = counts.get_many(&[0, 1, 2]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
}

#[tokio::test]
async fn what_nobody_read_takes_no_place() {
    let counted = Counted::new();
    let (task, counts) = counted.filled(3).await;
    counts.put(&1, &7).await.unwrap();
    task.commit(()).await.unwrap();
    assert_eq!((counts.get(&1).await.unwrap(), counted.gets()), (Some(7), 1));
}

#[tokio::test]
async fn a_new_task_below_the_cache_reads_nothing() {
    let counted = Counted::new();
    let (task, counts) = counted.open(64 << 20).await;
    for n in 0..2000 {
        assert_eq!(counts.get(&n).await.unwrap(), None);
        counts.put(&n, &n).await.unwrap();
        if n % 500 == 499 {
            task.commit(()).await.unwrap();
        }
    }
    for n in 0..2500 {
        assert_eq!(counts.get(&n).await.unwrap(), (n < 2000).then_some(n));
    }
    assert_eq!(counted.gets(), 0);
}

#[tokio::test]
async fn a_new_task_above_the_cache_is_read() {
    for cache_bytes in [0, 20_000] {
        let counted = Counted::new();
        let (task, counts) = counted.open(cache_bytes).await;
        counts.put_all((0..1000).map(|n| (n, Some(n))).collect()).await.unwrap();
        task.commit(()).await.unwrap();
        for n in 0..1100 {
            assert_eq!(counts.get(&n).await.unwrap(), (n < 1000).then_some(n));
        }
        assert!(counted.gets() > 900, "{} reads", counted.gets());
    }
}

/// The read has its value; before it gets on, the key is written and committed.
#[tokio::test]
async fn a_read_that_a_commit_overtakes_is_not_kept() {
    let mut counted = Counted::new();
    let overtake: Arc<Mutex<Option<(Task, Counts)>>> = Arc::default();
    let slot = overtake.clone();
    counted.near.afterwards = Arc::new(move || {
        let taken = slot.lock().unwrap().take();
        if let Some((task, counts)) = taken {
            counts.put(&1, &7).now_or_never().unwrap().unwrap();
            task.commit(()).now_or_never().unwrap().unwrap();
        }
    });
    let (task, counts) = counted.filled(3).await;
    *overtake.lock().unwrap() = Some((task.clone(), counts.clone()));
    // What was so when it began.
    assert_eq!(counts.get(&1).await.unwrap(), Some(1));
    assert!(overtake.lock().unwrap().is_none());
    assert_eq!(counts.get(&1).await.unwrap(), Some(7));
}

#[tokio::test]
async fn entries_of_a_scan_keep_no_page() {
    let memory = MemoryBackend::new();
    let database = Database::with(
        Arc::new(Near::new(memory.clone(), Arc::new(memory))),
        EngineConfig::default(),
    );
    let task = database.unwrap().task("app", 0).store(&BYTES).open().await.unwrap();
    let store = task.store(&BYTES).unwrap();
    for n in 0..100_u8 {
        store.put(&vec![n].into(), &vec![n; 100].into()).await.unwrap();
    }
    task.commit(()).await.unwrap();
    let entries: Vec<_> = store.all().try_collect().await.unwrap();
    assert_eq!(entries.len(), 100);
    assert!(entries.iter().all(|(key, value)| key.is_unique() && value.is_unique()));
    // The same where a page is merged with what is buffered.
    store.put(&vec![200].into(), &vec![200; 100].into()).await.unwrap();
    let entries: Vec<_> = store.all().try_collect().await.unwrap();
    assert_eq!(entries.len(), 101);
    assert!(entries.iter().all(|(key, value)| key.is_unique() && value.is_unique()));
}
