//! Reads of one task: each call answers from one view, so from one whole commit.

use std::{ops::Bound, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use fjall::{Guard, Keyspace, Readable, Slice};
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, KeyRange, LocalReader, MapId, Order, Page, PageLimit, Searcher,
        TaskId, TaskReader,
    },
};

use crate::{
    error::caught,
    layout::{MAX_KEY_BYTES, MAX_VALUE_BYTES, bounds, key, user_key},
    shared::Shared,
    view::View,
};

const CAPABILITIES: Capabilities = {
    let mut capabilities = Capabilities::new("embedded", MAX_KEY_BYTES, MAX_VALUE_BYTES);
    capabilities.persistent = true;
    capabilities
};

/// Reads one task, as its owner or as anybody.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) shared: Arc<Shared>,
    pub(crate) task: TaskId,
    /// For anybody: the epoch of the last destruction before it was opened; its own ends the reader.
    born: Option<u64>,
    capabilities: Capabilities,
}

impl Reader {
    pub(crate) const fn of_owner(shared: Arc<Shared>, task: TaskId) -> Self {
        Self { shared, task, born: None, capabilities: CAPABILITIES }
    }

    pub(crate) const fn of_anybody(shared: Arc<Shared>, task: TaskId, born: u64) -> Self {
        Self { shared, task, born: Some(born), capabilities: CAPABILITIES }
    }

    /// `NotFound` where the view is of another life of the task.
    fn check_life(&self, view: &View) -> Result<()> {
        let Some(born) = self.born else { return Ok(()) };
        let record = view.record(&self.task)?;
        if !record.destroyed && record.born == born {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NotFound, format!("task {} was destroyed", self.task)))
    }

    fn find(&self, view: &View, map: MapId, user_key: &[u8]) -> Result<Option<Bytes>> {
        // The engine takes no longer keys, and none is stored.
        let keyspace = view.map(&self.task, map).filter(|_| user_key.len() <= MAX_KEY_BYTES);
        let Some(keyspace) = keyspace else { return Ok(None) };
        let value = view.snapshot.get(keyspace, key(user_key));
        let value = value.map_err(|error| view.failed("read", error))?;
        // Else it would keep its block in memory.
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    /// Answers from one view.
    fn look<T>(&self, answer: impl FnOnce(&View) -> Result<T>) -> Result<T> {
        let handles = self.shared.engine.in_use()?;
        let view = handles.lately(&self.shared.turn);
        caught(|| self.check_life(&view).and_then(|()| answer(&view)))
    }
}

/// The same keys of the longest length at most, in a range whose ends the engine takes.
fn within_limit(range: &KeyRange) -> KeyRange {
    let long = |bound: &Bound<Bytes>| match bound {
        Bound::Included(key) | Bound::Excluded(key) if key.len() > MAX_KEY_BYTES => {
            Some(key.slice(..MAX_KEY_BYTES))
        }
        _ => None,
    };
    // A cut end is below the end that was meant, and no stored key lies between the two.
    let start = long(&range.start).map_or_else(|| range.start.clone(), Bound::Excluded);
    let end = long(&range.end).map_or_else(|| range.end.clone(), Bound::Included);
    KeyRange::new(start, end)
}

/// A key as it is stored, which shows the user's key.
struct Key(Slice);

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        user_key(&self.0)
    }
}

fn entry(guard: Guard) -> Result<(Key, Slice), fjall::Error> {
    let (key, value) = guard.into_inner()?;
    Ok((Key(key), value))
}

#[async_trait]
impl TaskReader for Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.look(|view| keys.iter().map(|(map, key)| self.find(view, *map, key)).collect())
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.look(|view| {
            let range = within_limit(range);
            let keyspace = view.map(&self.task, map).filter(|_| !range.is_empty());
            let Some(keyspace) = keyspace else { return Ok(Page::default()) };
            let entries = view.snapshot.range(keyspace, bounds(&range));
            let page = match order {
                Order::Forward => Page::pack(entries.map(entry), limit),
                Order::Backward => Page::pack(entries.rev().map(entry), limit),
            };
            page.map_err(|error| view.failed("scan", error))
        })
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.look(|view| {
            let entries = view.map(&self.task, map).map_or(0, Keyspace::approximate_len);
            // The mark is no entry.
            Ok(entries.saturating_sub(1) as u64)
        })
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.look(|view| Ok(view.record(&self.task)?.checkpoint))
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }

    fn local(&self) -> Option<&dyn LocalReader> {
        Some(self)
    }
}

impl LocalReader for Reader {
    fn get(&self, map: MapId, key: &[u8]) -> Result<Option<Bytes>> {
        self.look(|view| self.find(view, map, key))
    }

    /// A read looks for its key in a memtable, several files and the blocks of one.
    fn is_worth_caching(&self) -> bool {
        true
    }
}
