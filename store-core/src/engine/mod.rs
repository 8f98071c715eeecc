//! The engine: buffers, merged reads, commit and rollback, written once for every backend.
//!
//! Reads look at active writes, frozen commits, the cache and the backend, in this order. A commit freezes the active
//! writes; they stay readable in the buffers until the backend shows them.

mod batch;
mod buffer;
mod cache;
mod commit;
mod config;
mod counters;
mod get;
mod known;
mod locks;
mod offsets;
mod reads;
mod scan;
mod state;
mod unit;

use std::sync::{Arc, MutexGuard};

use bytes::Bytes;
use tokio::sync::{Mutex, Notify, RwLock};

pub(crate) use self::{batch::Batch, cache::Cache};
pub use self::{
    config::{EngineConfig, PORTABLE_KEY_BYTES, PORTABLE_VALUE_BYTES},
    offsets::{MAX_SOURCE_BYTES, Offsets, Span},
    unit::Unit,
};
use self::{
    counters::Counters,
    known::Known,
    locks::{KeyGuard, KeyLocks},
    reads::Reads,
    state::{Shared, State},
};
use crate::{
    Error, ErrorKind, Result,
    backend::{Backend, Checkpoint, LocalReader, OwnerId, StoreSpec, TaskId, TaskWriter},
    event_time::{Timeline, TimelineRef},
    sabotage,
};

/// One claimed task.
#[derive(Debug)]
pub(crate) struct Engine {
    task: TaskId,
    writer: Arc<dyn TaskWriter>,
    config: EngineConfig,
    /// Whether something is known of what the backend holds, by the cache or of whole maps.
    cached: bool,
    state: Shared,
    /// Held while a commit is frozen and decided.
    commit_turn: Mutex<()>,
    /// Held while a commit is applied.
    apply_turn: Arc<Mutex<()>>,
    /// Read by open units, written by a freeze.
    units: Arc<RwLock<()>>,
    /// Told when buffers shrink.
    room: Notify,
    locks: Arc<KeyLocks>,
    counters: Arc<Counters>,
}

/// Holds the locks of user keys of a store, and knows whether a rollback came in between.
#[derive(Debug)]
pub(crate) struct Locked {
    pub(crate) generation: u64,
    _first: Option<KeyGuard>,
    _rest: Vec<KeyGuard>,
}

impl Engine {
    /// Claims a task for these stores.
    pub(crate) async fn open(
        backend: &dyn Backend,
        task: TaskId,
        specs: Vec<StoreSpec>,
        config: EngineConfig,
        cache: Arc<Cache>,
    ) -> Result<Self> {
        let claim = backend.claim(&task, OwnerId::random(), &specs).await?;
        claim.checkpoint.check_finished(&task)?;
        let counters = Arc::new(Counters::new(&task, claim.writer.capabilities().backend));
        let known = Known::new(cache, claim.checkpoint.clone(), counters.clone());
        let worth = |local: &dyn LocalReader| local.is_worth_caching() && config.cache_bytes > 0;
        let cached = claim.writer.local().is_none_or(worth);
        let state = State::new(claim.checkpoint, specs, known, Reads::new(&config))?;
        Ok(Self {
            task,
            writer: claim.writer,
            config,
            cached,
            state: Shared::new(state),
            commit_turn: Mutex::default(),
            apply_turn: Arc::default(),
            units: Arc::default(),
            room: Notify::new(),
            locks: Arc::default(),
            counters,
        })
    }

    pub(crate) const fn task(&self) -> &TaskId {
        &self.task
    }

    pub(crate) fn writer(&self) -> &dyn TaskWriter {
        &*self.writer
    }

    /// The last decided checkpoint.
    pub(crate) fn committed(&self) -> Result<Checkpoint> {
        Ok(self.checked()?.committed.clone())
    }

    pub(crate) fn wants_commit(&self) -> bool {
        self.state.lock().active.bytes() >= self.config.uncommitted_soft_bytes
    }

    pub(crate) fn buffered_bytes(&self) -> usize {
        self.state.lock().buffered_bytes()
    }

    /// The number of a store named when the task was opened.
    pub(crate) fn store(&self, name: &str) -> Option<(u32, StoreSpec)> {
        let state = self.state.lock();
        let found = state.working.store(name).filter(|_| state.is_named(name));
        found.map(|(number, store)| (number, store.spec.clone()))
    }

    /// Waits for the locks of user keys, which ascend strictly.
    pub(crate) async fn lock(
        &self,
        store: u32,
        keys: impl IntoIterator<Item = Bytes, IntoIter: Send>,
    ) -> Result<Locked> {
        let mut keys = keys.into_iter().filter(|_| !sabotage::is_on("engine::no-locks"));
        let first = match keys.next() {
            Some(key) => Some(self.locks.lock(store, key).await),
            None => None,
        };
        let mut rest = Vec::new();
        for key in keys {
            rest.push(self.locks.lock(store, key).await);
        }
        Ok(Locked { generation: self.checked()?.generation, _first: first, _rest: rest })
    }

    /// Checks the length of a user key against the portable or, if so configured, the backend's limit.
    pub(crate) fn check_key(&self, key: &[u8]) -> Result<()> {
        let native = self.writer.capabilities().max_key_bytes;
        let limit = if self.config.native_limits { native } else { PORTABLE_KEY_BYTES.min(native) };
        if key.len() <= limit || sabotage::is_on("engine::no-key-limit") {
            return Ok(());
        }
        let message = format!("a key of {} bytes is above the limit of {limit}", key.len());
        Err(Error::new(ErrorKind::TooLarge, message))
    }

    pub(crate) fn stream_time(&self, store: u32) -> Result<Option<i64>> {
        Ok(self.checked()?.store(store).stream_time)
    }

    pub(crate) fn timeline(&self, store: u32) -> Result<Timeline> {
        Ok(Timeline::from(&*self.checked()?.store(store)))
    }

    /// What a look at the timeline of a store says.
    pub(crate) fn on_timeline<T>(
        &self,
        store: u32,
        look: impl FnOnce(TimelineRef<'_>) -> T,
    ) -> Result<T> {
        Ok(look(TimelineRef::from(&*self.checked()?.store(store))))
    }

    /// How many records of a store came too late since the task was opened.
    pub(crate) fn late_records(&self, store: u32) -> u64 {
        self.state.lock().late.get(&store).copied().unwrap_or(0)
    }

    /// A number that no other entry of the store has; numbers ascend and may have gaps.
    pub(crate) fn next_insertion(&self, store: u32) -> Result<u64> {
        let mut state = self.checked()?;
        let next = &mut state.store(store).insertions;
        if sabotage::is_on("engine::one-insertion") {
            return Ok(0);
        }
        *next += 1;
        Ok(*next - 1)
    }

    /// `Fenced`, `SequenceGap`, `Corrupt` or `Closed` where nothing works any more.
    pub(crate) fn check(&self) -> Result<()> {
        self.checked().map(drop)
    }

    fn checked(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.state.lock();
        state.check(&self.task)?;
        Ok(state)
    }
}
