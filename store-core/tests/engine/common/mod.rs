//! The in-memory backend behind a line that can hold, refuse and lose calls, and what went over the line. It is not local,
//! as a database is not.

pub(crate) mod near;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use futures::FutureExt;
use near::Near;
use store_core::{
    Database, EngineConfig, KeyValue, Result,
    backend::{MapChange, MapId},
    codec::Raw,
    layers::{Answer, Call, Faults, Layer},
    memory::MemoryBackend,
};

pub(crate) static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
pub(crate) static BLOBS: KeyValue<u64, Bytes, Raw> = KeyValue::new("blobs").values(Raw);

/// Settings by which writes are refused above so many bytes, and a commit is wanted from there on.
pub(crate) fn buffer_of(bytes: usize) -> EngineConfig {
    let mut config = EngineConfig::default();
    (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (bytes, bytes);
    config
}

/// A place for state, the line to it, and what went over the line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty {
    inner: MemoryBackend,
    pub(crate) line: Faults,
    pub(crate) watched: Watched,
}

impl Faulty {
    pub(crate) fn over(line: Faults) -> Self {
        Self { line, ..Self::default() }
    }

    pub(crate) fn database(&self) -> Database {
        self.with(EngineConfig::default())
    }

    /// A database whose point reads pass the line by, and which is worth caching.
    pub(crate) fn near(&self, config: EngineConfig) -> Database {
        let over = self.with(config.clone()).backend().clone();
        Database::with(Arc::new(Near::new(self.inner.clone(), over)), config).unwrap()
    }

    /// The backend below, which always answers at once.
    pub(crate) fn quiet(&self) -> Database {
        Database::with(Arc::new(self.inner.clone()), EngineConfig::default()).unwrap()
    }

    pub(crate) fn with(&self, config: EngineConfig) -> Database {
        let database = Database::with(Arc::new(self.inner.clone()), config).unwrap();
        database.layer(Turns).layer(self.line.clone()).layer(self.watched.clone())
    }
}

/// Lets others go first before and after each call, as one that leaves the process does.
#[derive(Clone, Copy, Debug)]
struct Turns;

impl Layer for Turns {
    async fn call<T, F>(&self, _call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        tokio::task::yield_now().await;
        let answer = send().await;
        tokio::task::yield_now().await;
        answer
    }
}

/// Remembers what was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched(Arc<Mutex<Asked>>);

#[derive(Debug, Default)]
struct Asked {
    /// How many keys each read of values asked for.
    sizes: Vec<usize>,
    /// Reads of values on their way, and the most there were at once.
    reading: usize,
    most_reading: usize,
    last_changes: BTreeMap<MapId, Option<usize>>,
}

impl Watched {
    /// For each read of values the number of its keys.
    pub(crate) fn asked(&self) -> Vec<usize> {
        self.lock().sizes.clone()
    }

    /// The most reads of values that were on their way at once.
    pub(crate) fn most_reading(&self) -> usize {
        self.lock().most_reading
    }

    /// For each map of the last commit the number of its writes; none where it is dropped.
    pub(crate) fn last_changes(&self) -> BTreeMap<MapId, Option<usize>> {
        self.lock().last_changes.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap()
    }
}

impl Layer for Watched {
    async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        let mut _reading = None;
        match call {
            Call::GetMany { keys } => _reading = Some(Reading::new(self, keys.len())),
            Call::Commit { commit, .. } => {
                let changes = commit.changes().iter().map(|(map, change)| match change {
                    MapChange::Drop => (*map, None),
                    MapChange::Write(writes) => (*map, Some(writes.len())),
                });
                self.lock().last_changes = changes.collect();
            }
            _ => {}
        }
        send().await
    }
}

/// Counts a read while it is on its way.
struct Reading<'a>(&'a Watched);

impl<'a> Reading<'a> {
    fn new(watched: &'a Watched, keys: usize) -> Self {
        let mut asked = watched.lock();
        asked.sizes.push(keys);
        asked.reading += 1;
        asked.most_reading = asked.most_reading.max(asked.reading);
        drop(asked);
        Self(watched)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.lock().reading -= 1;
    }
}

/// Polls a future until nothing happens any more.
pub(crate) async fn get_going<T>(future: &mut (impl Future<Output = T> + Unpin)) {
    for _ in 0..20 {
        assert!(future.now_or_never().is_none(), "it ended already");
        tokio::task::yield_now().await;
    }
}
