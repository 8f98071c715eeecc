//! Reads of one task: each call answers from one snapshot of the engine, so from one whole commit.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use fjall::{Guard, Keyspace, Readable, Snapshot, UserKey};
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, KeyRange, MapId, Order, Page, PageLimit, Searcher, TaskId,
        TaskReader,
    },
};

use crate::{
    backend::Shared,
    engine::Handles,
    layout::{MAX_KEY_BYTES, MAX_VALUE_BYTES, Record, bounds, key, task_key, user_key},
};

const CAPABILITIES: Capabilities = {
    let mut capabilities = Capabilities::new("embedded", MAX_KEY_BYTES, MAX_VALUE_BYTES);
    capabilities.persistent = true;
    capabilities
};

/// How often a read is begun again because a map was dropped meanwhile.
const TRIES: usize = 20;

/// Reads one task: as its owner, or as anybody, who sees whole commits of one life of the task.
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

    /// The task's record as a snapshot has it; `NotFound` where that is of another life.
    fn record(&self, handles: &Handles, snapshot: &Snapshot, born: u64) -> Result<Record> {
        let stored = snapshot.get(&handles.tasks, task_key(&self.task));
        let stored = stored.map_err(|error| handles.failed("read a task's record", error))?;
        let record = stored.map_or_else(|| Ok(Record::new()), |bytes| Record::decode(&bytes))?;
        if record.destroyed || record.born != born {
            let message = format!("task {} was destroyed", self.task);
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        Ok(record)
    }

    /// A snapshot with the keyspaces of these maps, as far as they are there in it.
    fn view(&self, handles: &Handles, maps: &BTreeSet<MapId>) -> Result<View> {
        for _ in 0..TRIES {
            let snapshot = handles.database.snapshot();
            let named = match self.born {
                None => None,
                Some(born) => Some(self.record(handles, &snapshot, born)?.maps),
            };
            let mut keyspaces = BTreeMap::new();
            let mut gone = false;
            for map in maps.iter().filter(|map| named.as_ref().is_none_or(|n| n.contains(map))) {
                match handles.map(&self.task, *map)? {
                    Some(keyspace) => drop(keyspaces.insert(*map, keyspace)),
                    None => gone |= named.is_some(),
                }
            }
            if !gone {
                return Ok(View { snapshot, keyspaces });
            }
        }
        let message = format!("task {} drops maps faster than it can be read", self.task);
        Err(Error::new(ErrorKind::Throttled, message))
    }
}

struct View {
    snapshot: Snapshot,
    keyspaces: BTreeMap<MapId, Keyspace>,
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

fn entry(guard: Guard) -> Result<(Bytes, Bytes), fjall::Error> {
    let (key, value): (UserKey, UserKey) = guard.into_inner()?;
    Ok((user_key(&Bytes::from(key)), Bytes::from(value)))
}

#[async_trait]
impl TaskReader for Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let handles = self.shared.engine.in_use()?;
        let maps = keys.iter().map(|(map, _)| *map).collect();
        let View { snapshot, keyspaces } = self.view(&handles, &maps)?;
        let get = |(map, user_key): &(MapId, Bytes)| {
            // The engine panics on longer keys, and none is stored.
            let keyspace = keyspaces.get(map).filter(|_| user_key.len() <= MAX_KEY_BYTES);
            let Some(keyspace) = keyspace else { return Ok(None) };
            let value = snapshot.get(keyspace, key(user_key));
            Ok(value.map_err(|error| handles.failed("read", error))?.map(Bytes::from))
        };
        keys.iter().map(get).collect()
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let handles = self.shared.engine.in_use()?;
        let View { snapshot, keyspaces } = self.view(&handles, &[map].into())?;
        let range = within_limit(range);
        let Some(keyspace) = keyspaces.get(&map).filter(|_| !range.is_empty()) else {
            return Ok(Page::default());
        };
        let entries = snapshot.range(keyspace, bounds(&range));
        let page = match order {
            Order::Forward => Page::collect(entries.map(entry), limit),
            Order::Backward => Page::collect(entries.rev().map(entry), limit),
        };
        page.map_err(|error| handles.failed("scan", error))
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        let handles = self.shared.engine.in_use()?;
        let mut view = self.view(&handles, &[map].into())?;
        let keyspace = view.keyspaces.remove(&map);
        // The mark is no entry.
        Ok(keyspace.map_or(0, |keyspace| keyspace.approximate_len().saturating_sub(1) as u64))
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        let handles = self.shared.engine.in_use()?;
        let record = match self.born {
            None => self.shared.record(&handles, &self.task)?,
            Some(born) => self.record(&handles, &handles.database.snapshot(), born)?,
        };
        Ok(record.checkpoint)
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
