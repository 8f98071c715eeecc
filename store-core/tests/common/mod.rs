//! A backend whose calls can be held, refused or lost, over the in-memory one. It is not local, as a database is not.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(unreachable_pub, reason = "shared by test binaries")]
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use rand::{Rng, rngs::StdRng};
use store_core::{
    Database, Effect, EngineConfig, Error, ErrorKind, KeyValue, Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, MapChange, MapId, Name, Order,
        OwnerId, Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary, TaskWriter,
    },
    memory::MemoryBackend,
};
use tokio::sync::Semaphore;

pub static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

/// What happens to one commit or apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It works.
    None,
    /// Nothing happens and that is known.
    NotApplied,
    /// It happens and nobody learns.
    LostReply,
    /// It does not happen and nobody learns.
    LostRequest,
}

/// The script and the counters of a [`Faulty`] backend.
#[derive(Debug)]
pub struct Script {
    pub commits: Mutex<VecDeque<Fault>>,
    pub applies: Mutex<VecDeque<Fault>>,
    /// Permits for commits and for applies; closed doors hold them.
    pub commit_door: Semaphore,
    pub apply_door: Semaphore,
    pub scan_door: Semaphore,
    /// Holds replies that have been read already.
    pub reply_door: Semaphore,
    /// What happens to reads of values.
    pub reads: Mutex<VecDeque<Fault>>,
    /// How many keys each of them asked for.
    pub asked: Mutex<Vec<usize>>,
    /// Reads of values on their way, and the most there were at once.
    pub reading: AtomicUsize,
    pub most_reading: AtomicUsize,
    pub gets: AtomicUsize,
    pub scans: AtomicUsize,
    pub commits_sent: AtomicUsize,
    /// Makes calls take a random number of turns.
    pub turns: Mutex<Option<StdRng>>,
    /// For each map of the last commit the number of its writes; none where it is dropped.
    pub last_changes: Mutex<BTreeMap<MapId, Option<usize>>>,
}

const OPEN: usize = 1 << 20;

impl Default for Script {
    fn default() -> Self {
        Self {
            commits: Mutex::default(),
            applies: Mutex::default(),
            commit_door: Semaphore::new(OPEN),
            apply_door: Semaphore::new(OPEN),
            scan_door: Semaphore::new(OPEN),
            reply_door: Semaphore::new(OPEN),
            reads: Mutex::default(),
            asked: Mutex::default(),
            reading: AtomicUsize::new(0),
            most_reading: AtomicUsize::new(0),
            gets: AtomicUsize::new(0),
            scans: AtomicUsize::new(0),
            commits_sent: AtomicUsize::new(0),
            turns: Mutex::default(),
            last_changes: Mutex::default(),
        }
    }
}

impl Script {
    pub fn close(door: &Semaphore) {
        door.forget_permits(OPEN);
    }

    pub fn open(door: &Semaphore) {
        door.add_permits(OPEN);
    }

    async fn pass(door: &Semaphore) {
        door.acquire().await.unwrap().forget();
        door.add_permits(1);
    }

    async fn take_turns(&self) {
        let turns = self.turns.lock().unwrap().as_mut().map_or(1, |rng| rng.random_range(0..4));
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }

    fn next(faults: &Mutex<VecDeque<Fault>>) -> Fault {
        faults.lock().unwrap().pop_front().unwrap_or(Fault::None)
    }
}

/// Counts a read while it is on its way.
struct Reading<'a>(&'a Script);

impl<'a> Reading<'a> {
    fn new(script: &'a Script) -> Self {
        let reading = script.reading.fetch_add(1, Ordering::Relaxed) + 1;
        script.most_reading.fetch_max(reading, Ordering::Relaxed);
        Self(script)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.reading.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Polls a future until nothing happens any more.
pub async fn get_going<T>(future: &mut (impl Future<Output = T> + Unpin)) {
    for _ in 0..20 {
        assert!(future.now_or_never().is_none(), "it ended already");
        tokio::task::yield_now().await;
    }
}

#[derive(Clone, Debug, Default)]
pub struct Faulty {
    inner: MemoryBackend,
    pub script: Arc<Script>,
}

impl Faulty {
    pub fn database(&self) -> Database {
        self.with(EngineConfig::default())
    }

    /// The backend below, which always answers at once.
    pub fn quiet(&self) -> Database {
        Database::with(Arc::new(self.inner.clone()), EngineConfig::default()).unwrap()
    }

    pub fn with(&self, config: EngineConfig) -> Database {
        Database::with(Arc::new(self.clone()), config).unwrap()
    }
}

#[derive(Debug)]
struct FaultyTask<T: ?Sized> {
    inner: Arc<T>,
    script: Arc<Script>,
}

fn lost(what: &str) -> Error {
    Error::new(ErrorKind::Timeout, format!("the answer to {what} was lost"))
}

fn refused(what: &str) -> Error {
    Error::new(ErrorKind::OutOfSpace, format!("no room for {what}")).with_effect(Effect::NotApplied)
}

#[async_trait]
impl Backend for Faulty {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let claim = self.inner.claim(task, owner, stores).await?;
        let writer = FaultyTask { inner: claim.writer, script: self.script.clone() };
        Ok(Claim::new(Arc::new(writer), claim.checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let inner = self.inner.read(task).await?;
        Ok(Arc::new(FaultyTask { inner, script: self.script.clone() }))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.inner.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.inner.destroy(task).await
    }
}

#[async_trait]
impl<T: TaskReader + ?Sized> TaskReader for FaultyTask<T> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let script = &self.script;
        script.gets.fetch_add(1, Ordering::Relaxed);
        script.asked.lock().unwrap().push(keys.len());
        let _reading = Reading::new(script);
        script.take_turns().await;
        let found = match Script::next(&script.reads) {
            Fault::None => self.inner.get_many(keys).await,
            _ => Err(lost("the read")),
        };
        Script::pass(&script.reply_door).await;
        script.take_turns().await;
        found
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.script.scans.fetch_add(1, Ordering::Relaxed);
        Script::pass(&self.script.scan_door).await;
        self.script.take_turns().await;
        let page = self.inner.scan(map, range, order, limit).await;
        Script::pass(&self.script.reply_door).await;
        self.script.take_turns().await;
        page
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.inner.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.inner.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.inner.searcher()
    }
}

#[async_trait]
impl TaskWriter for FaultyTask<dyn TaskWriter> {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        self.script.commits_sent.fetch_add(1, Ordering::Relaxed);
        let changes = commit.changes().iter().map(|(map, change)| match change {
            MapChange::Drop => (*map, None),
            MapChange::Write(writes) => (*map, Some(writes.len())),
        });
        *self.script.last_changes.lock().unwrap() = changes.collect();
        Script::pass(&self.script.commit_door).await;
        match Script::next(&self.script.commits) {
            Fault::None => self.inner.commit(commit).await,
            Fault::NotApplied => Err(refused("the commit")),
            Fault::LostRequest => Err(lost("the commit")),
            Fault::LostReply => {
                self.inner.commit(commit).await?;
                Err(lost("the commit"))
            }
        }
    }

    async fn apply(&self) -> Result<()> {
        Script::pass(&self.script.apply_door).await;
        match Script::next(&self.script.applies) {
            Fault::None => self.inner.apply().await,
            _ => Err(lost("the apply")),
        }
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
