//! The engine: buffers, merged reads, commit and rollback, written once for every backend.
//!
//! Reads look at active writes, frozen commits and the backend, in this order. A commit freezes the active writes; they
//! stay readable in the buffers until the backend shows them.

mod batch;
mod buffer;
mod commit;
mod config;
mod locks;
mod offsets;
mod scan;
mod state;
mod unit;

use std::sync::{Arc, MutexGuard};

use bytes::Bytes;
use tokio::sync::{Mutex, Notify, RwLock};

pub(crate) use self::batch::Batch;
pub use self::{
    config::{EngineConfig, PORTABLE_KEY_BYTES, PORTABLE_VALUE_BYTES},
    offsets::{MAX_SOURCE_BYTES, Offsets, Span},
    unit::Unit,
};
use self::{
    locks::{KeyGuard, KeyLocks},
    state::{Shared, State},
};
use crate::{
    Error, ErrorKind, Result,
    backend::{Backend, Checkpoint, MapId, OwnerId, StoreSpec, TaskId, TaskWriter},
    event_time::Timeline,
    sabotage,
};

/// One claimed task.
#[derive(Debug)]
pub(crate) struct Engine {
    task: TaskId,
    writer: Arc<dyn TaskWriter>,
    config: EngineConfig,
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
    ) -> Result<Self> {
        let claim = backend.claim(&task, OwnerId::random(), &specs).await?;
        claim.checkpoint.check_finished(&task)?;
        Ok(Self {
            task,
            writer: claim.writer,
            config,
            state: Shared::new(State::new(claim.checkpoint, specs)?),
            commit_turn: Mutex::default(),
            apply_turn: Arc::default(),
            units: Arc::default(),
            room: Notify::new(),
            locks: Arc::default(),
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

    /// The value of a key, uncommitted writes included.
    pub(crate) async fn get(&self, map: MapId, key: &Bytes) -> Result<Option<Bytes>> {
        if let Some(buffered) = self.checked()?.buffered(map, key) {
            return Ok(buffered);
        }
        let found = self.writer.get_many(&[(map, key.clone())]).await?;
        self.check()?;
        Ok(found.into_iter().next().flatten())
    }

    /// The values of keys, in the order asked; at most one request to the backend.
    pub(crate) async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let mut values = vec![None; keys.len()];
        let mut asked = Vec::new();
        let mut places = Vec::new();
        {
            let state = self.checked()?;
            for (place, (map, key)) in keys.iter().enumerate() {
                match state.buffered(*map, key) {
                    Some(buffered) => values[place] = buffered,
                    None => {
                        asked.push((*map, key.clone()));
                        places.push(place);
                    }
                }
            }
        }
        if !asked.is_empty() {
            let found = self.writer.get_many(&asked).await?;
            self.check()?;
            for (place, value) in places.into_iter().zip(found) {
                values[place] = value;
            }
        }
        Ok(values)
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
