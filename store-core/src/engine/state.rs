//! What the engine knows: active writes, frozen commits and the checkpoint they lead to.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::{
    buffer::{Buffer, Write},
    known::Known,
    offsets::{Offsets, Span},
    reads::Reads,
};
use crate::{
    Error, ErrorKind, Result,
    backend::{Checkpoint, Commit, MapId, Put, StoreSpec, StoreState, TaskId},
    merge::written,
    sabotage,
};

/// Whether the task may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Open,
    /// A unit was dropped unfinished: only a rollback helps.
    Torn,
    Fenced,
    /// The backend went back, or its data are damaged: the task must be opened again.
    Lost(ErrorKind),
    Closed,
}

/// A commit that later reads may not see in the backend yet.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) commit: Arc<Commit>,
    pub(super) bytes: usize,
    pub(super) phase: Phase,
}

/// What was thrown away, to be freed when the lock of the state is free again: it may take long.
#[derive(Debug)]
#[must_use = "it is freed outside of the lock"]
pub(super) struct Discarded {
    _active: Buffer,
    _frozen: VecDeque<Frozen>,
}

/// How far a frozen commit has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is certainly not in the backend.
    Undecided,
    /// It was sent and may be, or may still come to be, in the backend.
    Unknown,
    /// It is in the backend; reads of the backend may not show it yet.
    Decided,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) condition: Condition,
    pub(super) active: Buffer,
    /// Oldest first: decided ones, then at most one that is not.
    pub(super) frozen: VecDeque<Frozen>,
    /// The checkpoint that the active writes lead to; its sequence is that of the newest frozen commit.
    pub(super) working: Checkpoint,
    /// The checkpoint of the last decided commit.
    pub(super) committed: Checkpoint,
    /// How often active writes were thrown away; ends operations that read before.
    pub(super) generation: u64,
    /// How often commits began to move into the cache.
    pub(super) moves: u64,
    /// Calls that are bringing a frozen commit on its way.
    pub(super) drivers: usize,
    pub(super) open_units: Vec<(String, Span)>,
    /// How many records came too late, by store.
    pub(super) late: BTreeMap<u32, u64>,
    pub(super) known: Known,
    pub(super) reads: Reads,
    specs: Vec<StoreSpec>,
}

impl State {
    /// The state after a claim; the checkpoint has been checked against the specs.
    pub(super) fn new(
        committed: Checkpoint,
        specs: Vec<StoreSpec>,
        known: Known,
        reads: Reads,
    ) -> Result<Self> {
        let mut working = committed.clone();
        working.assign(&specs)?;
        Ok(Self {
            condition: Condition::Open,
            active: Buffer::default(),
            frozen: VecDeque::new(),
            working,
            committed,
            generation: 0,
            moves: 0,
            drivers: 0,
            open_units: Vec::new(),
            late: BTreeMap::new(),
            known,
            reads,
            specs,
        })
    }

    /// `Fenced`, `SequenceGap`, `Corrupt` or `Closed` where nothing works any more.
    pub(super) fn check(&self, task: &TaskId) -> Result<()> {
        let (kind, what) = match self.condition {
            Condition::Open | Condition::Torn => return Ok(()),
            Condition::Fenced => (ErrorKind::Fenced, "was claimed by a later owner: give it up"),
            Condition::Lost(kind) => (kind, "lost what it had committed: open it again"),
            Condition::Closed => (ErrorKind::Closed, "is closed: open it again"),
        };
        Err(Error::new(kind, format!("task {task} {what}")))
    }

    /// Bytes of all buffered writes.
    pub(super) fn buffered_bytes(&self) -> usize {
        self.active.bytes() + self.frozen.iter().map(|frozen| frozen.bytes).sum::<usize>()
    }

    /// How many frozen commits are decided: the oldest ones.
    pub(super) fn decided(&self) -> usize {
        self.frozen.iter().filter(|frozen| frozen.phase == Phase::Decided).count()
    }

    /// What the buffers know of a key: `Some(None)` for deleted, `None` for ask the backend.
    pub(super) fn buffered(&self, map: MapId, key: &[u8]) -> Option<Option<Bytes>> {
        let value = |put: Option<&Put>| put.map(|put| put.value.clone());
        if self.is_dropped(map) || self.is_unlisted(map) {
            return Some(None);
        }
        if sabotage::is_on("engine::own-writes-unseen") {
            return None;
        }
        if let Some(put) = written(self.active.changes(), map, key) {
            return Some(value(put));
        }
        let mut newest_first = self.frozen.iter().rev();
        newest_first.find_map(|frozen| frozen.commit.write(map, key)).map(value)
    }

    /// Whether the map lies below its store's floor.
    pub(super) fn is_dropped(&self, map: MapId) -> bool {
        let Some(segment) = map.segment else { return false };
        let floor = self.working.stores.get(&map.store).and_then(|store| store.floor);
        floor.is_some_and(|floor| segment < floor) && !sabotage::is_on("engine::no-floor")
    }

    /// Whether nothing was ever put into the map, by what the checkpoint lists.
    pub(super) fn is_unlisted(&self, map: MapId) -> bool {
        let store = self.working.stores.get(&map.store);
        let listed = |segment| store.is_some_and(|store| store.segments.contains(&segment));
        map.segment.is_some_and(|segment| !listed(segment))
    }

    pub(super) fn store(&mut self, number: u32) -> &mut StoreState {
        let store = self.working.stores.get_mut(&number);
        // Invariant: numbers come from `assign` on this very checkpoint, and stores never leave it.
        store.expect("an opened store has a number")
    }

    /// Buffers one write and notes its segment. A delete in a segment that holds nothing is none.
    pub(super) fn write(&mut self, write: Write) {
        if let (MapId { store, segment: Some(segment), .. }, _, put) = &write {
            let segments = &mut self.store(*store).segments;
            if put.is_some() {
                segments.insert(*segment);
            } else if !segments.contains(segment) {
                return;
            }
        }
        self.reads.written(write.0, &write.1);
        self.active.write(write);
    }

    /// Drops the segments of a store below `floor`.
    pub(super) fn drop_below(&mut self, number: u32, floor: i64) {
        let store = self.store(number);
        if store.floor.is_some_and(|lowest| floor <= lowest) {
            return;
        }
        store.floor = Some(floor);
        let live = store.segments.split_off(&floor);
        for segment in mem::replace(&mut store.segments, live) {
            self.active.drop_map(MapId::segment(number, segment));
        }
    }

    /// Whether a commit with these offsets would change nothing.
    pub(super) fn is_committed(&self, offsets: &Offsets) -> bool {
        let mut working = self.working.clone();
        offsets.clone().merge_into(&mut working);
        self.active.changes().is_empty() && working == self.committed
    }

    /// Whether a store was named when the task was opened.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.specs.iter().any(|spec| spec.name.as_str() == name)
    }

    /// Turns the active writes into a commit that never changes.
    pub(super) fn freeze(&mut self, offsets: Offsets) -> Result<Arc<Commit>> {
        offsets.check()?;
        offsets.merge_into(&mut self.working);
        self.working.sequence += 1;
        if sabotage::is_on("engine::offsets-lost") {
            self.working.offsets.clear();
        }
        let (changes, bytes) = self.active.take();
        let commit = Arc::new(Commit::new(self.working.clone(), changes));
        let frozen = Frozen { commit: commit.clone(), bytes, phase: Phase::Undecided };
        self.frozen.push_back(frozen);
        Ok(commit)
    }

    /// A frozen commit with what was written since: what must never be sent.
    pub(super) fn with_more(&mut self, commit: &Commit) -> Arc<Commit> {
        let mut changes = commit.changes().clone();
        changes.extend(self.active.take().0);
        Arc::new(Commit::new(commit.checkpoint().clone(), changes))
    }

    /// Throws away active writes and an undecided commit, with all that came with them.
    pub(super) fn roll_back(&mut self) -> Discarded {
        let decided = self.decided();
        let frozen = self.frozen.split_off(decided);
        let active = match sabotage::is_on("engine::rollback-keeps-writes") {
            false => mem::take(&mut self.active),
            true => Buffer::default(),
        };
        let before = mem::replace(&mut self.working, self.committed.clone());
        if sabotage::is_on("engine::rollback-keeps-times") {
            self.working.stores = before.stores;
        }
        // Invariant: the same specs were assigned to an earlier form of this checkpoint.
        self.working.assign(&self.specs).expect("opened stores stay as they were recorded");
        self.generation += 1;
        self.reads.forget();
        if self.condition == Condition::Torn {
            self.condition = Condition::Open;
        }
        Discarded { _active: active, _frozen: frozen }
    }

    /// Gives the task up for good and frees its buffers.
    pub(super) fn end(&mut self, condition: Condition) -> Discarded {
        self.condition = condition;
        self.generation += 1;
        self.reads.forget();
        Discarded { _active: mem::take(&mut self.active), _frozen: mem::take(&mut self.frozen) }
    }
}

/// The state behind its lock; nothing is awaited while it is held.
#[derive(Debug)]
pub(super) struct Shared(Mutex<State>);

impl Shared {
    pub(super) const fn new(state: State) -> Self {
        Self(Mutex::new(state))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock would be a broken invariant of this module; the state is still whole per field.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
