//! One task in memory.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use bytes::Bytes;

use super::lock;
use crate::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, Commit, Fence, KeyRange, LocalReader, MapChange, MapId, Order,
        Page, PageLimit, Put, SearchPage, Searcher, TaskId, TaskReader, TaskWriter, search::Query,
    },
};

/// What is kept of a task.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) fence: Option<Fence>,
    pub(super) checkpoint: Checkpoint,
    pub(super) destroyed: bool,
    /// How often it was destroyed: ends readers of an earlier life.
    pub(super) lives: u64,
    pub(super) maps: BTreeMap<MapId, BTreeMap<Bytes, Put>>,
}

/// A handle of one task: the owner's, or a reader's.
#[derive(Debug)]
pub(super) struct MemoryTask {
    task: TaskId,
    state: Arc<Mutex<State>>,
    fence: Option<Fence>,
    lives: u64,
    capabilities: Capabilities,
}

impl MemoryTask {
    pub(super) const fn owned(task: TaskId, state: Arc<Mutex<State>>, fence: Fence) -> Self {
        Self { task, state, fence: Some(fence), lives: 0, capabilities: CAPABILITIES }
    }

    pub(super) const fn shared(task: TaskId, state: Arc<Mutex<State>>, lives: u64) -> Self {
        Self { task, state, fence: None, lives, capabilities: CAPABILITIES }
    }

    /// The state, for reading.
    fn read(&self) -> Result<MutexGuard<'_, State>> {
        let state = lock(&self.state);
        if self.fence.is_none() && (state.destroyed || state.lives != self.lives) {
            let message = format!("task {} was destroyed", self.task);
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        Ok(state)
    }
}

/// As that of databases, so that a kind that makes keys too long for them shows it here, too.
const MAX_KEY_BYTES: usize = 64 << 10;

const CAPABILITIES: Capabilities = Capabilities {
    exact_len: true,
    search: true,
    ..Capabilities::new("memory", MAX_KEY_BYTES, usize::MAX)
};

/// Up to so many bytes a copy costs less than a look at the count of those who share them, which lies elsewhere in memory.
/// So what is stored is a copy, too, which nobody shares.
const COPIED: usize = 1024;

fn own(bytes: &Bytes) -> Bytes {
    if bytes.len() <= COPIED { Bytes::copy_from_slice(bytes) } else { bytes.clone() }
}

impl State {
    fn value(&self, map: MapId, key: &[u8]) -> Option<Bytes> {
        Some(own(&self.maps.get(&map)?.get(key)?.value))
    }

    fn apply(&mut self, commit: &Commit) {
        for (map, change) in commit.changes() {
            match change {
                MapChange::Drop => {
                    self.maps.remove(map);
                }
                MapChange::Write(writes) => {
                    let entries = self.maps.entry(*map).or_default();
                    for (key, put) in writes {
                        match put {
                            Some(put) => {
                                let put =
                                    Put { value: own(&put.value), fields: put.fields.clone() };
                                entries.insert(own(key), put)
                            }
                            None => entries.remove(key),
                        };
                    }
                }
            }
        }
        self.checkpoint = commit.checkpoint().clone();
    }
}

#[async_trait]
impl TaskReader for MemoryTask {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let state = self.read()?;
        Ok(keys.iter().map(|(map, key)| state.value(*map, key)).collect())
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let state = self.read()?;
        let Some(entries) = state.maps.get(&map).filter(|_| !range.is_empty()) else {
            return Ok(Page::default());
        };
        let entries = entries.range::<[u8], _>(range.as_bounds());
        let copy =
            |(key, put): (&Bytes, &Put)| Ok::<_, Infallible>((key.clone(), put.value.clone()));
        let page = match order {
            Order::Forward => Page::collect(entries.map(copy), limit),
            Order::Backward => Page::collect(entries.rev().map(copy), limit),
        };
        page.map_err(|never| match never {})
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        Ok(self.read()?.maps.get(&map).map_or(0, |entries| entries.len() as u64))
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        Ok(self.read()?.checkpoint.clone())
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        Some(self)
    }

    fn local(&self) -> Option<&dyn LocalReader> {
        Some(self)
    }
}

#[async_trait]
impl Searcher for MemoryTask {
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage> {
        let state = self.read()?;
        let entries = state.maps.get(&MapId::whole(store)).into_iter().flatten();
        SearchPage::evaluate(entries, state.checkpoint.sequence, query, after, limit)
    }
}

impl LocalReader for MemoryTask {
    fn get(&self, map: MapId, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.read()?.value(map, key))
    }
}

#[async_trait]
impl TaskWriter for MemoryTask {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        let mut state = lock(&self.state);
        let (stored, sent) = (state.checkpoint.sequence, commit.sequence());
        if state.fence != self.fence {
            let message = format!("task {} was claimed by a later owner: give it up", self.task);
            return Err(Error::new(ErrorKind::Fenced, message));
        }
        if stored == sent {
            return Ok(());
        }
        if stored + 1 != sent {
            let message = format!("task {} is at commit {stored}, got commit {sent}", self.task);
            return Err(Error::new(ErrorKind::SequenceGap, message));
        }
        state.apply(commit);
        Ok(())
    }

    async fn apply(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
