//! What readers see: the state after the last whole change, of all tasks.
//!
//! Readers never look at the engine's newest state: when a file is written out in the background, the engine shows
//! what there is of a batch that is still being put into memory. So whoever changes something shows it once it is whole.
//!
//! A snapshot also sees the files as they were when it was taken. One that nobody replaces would go on reading through
//! files that were merged since, and keep them on the disk: so a reader that finds an old one takes a new one, while nobody
//! changes anything.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
    time::Instant,
};

use fjall::{Keyspace, Readable, Snapshot};
use store_core::{
    Result,
    backend::{MapId, TaskId},
};

use crate::{
    error::engine,
    layout::{MARK, Record, mark, task_key},
};

/// The keyspaces of maps.
pub(crate) type Maps = HashMap<TaskId, BTreeMap<MapId, Keyspace>, foldhash::fast::RandomState>;

/// The state after a whole change.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) path: Arc<Path>,
    /// When the snapshot was taken.
    pub(crate) taken: Instant,
    pub(crate) snapshot: Snapshot,
    pub(crate) tasks: Keyspace,
    pub(crate) maps: Arc<Maps>,
}

impl View {
    /// The keyspace of a map, where there is one.
    pub(crate) fn map(&self, task: &TaskId, map: MapId) -> Option<&Keyspace> {
        self.maps.get(task)?.get(&map)
    }

    /// All keyspaces.
    pub(crate) fn keyspaces(&self) -> impl Iterator<Item = &Keyspace> {
        self.maps.values().flat_map(BTreeMap::values).chain([&self.tasks])
    }

    /// The record of a task, a new one where there is none.
    pub(crate) fn record(&self, task: &TaskId) -> Result<Record> {
        let stored = self.snapshot.get(&self.tasks, task_key(task));
        let stored = stored.map_err(|error| self.failed("read a task's record", error))?;
        stored.map_or_else(|| Ok(Record::new()), |bytes| Record::decode(&bytes))
    }

    /// The last commit that wrote a map, as the map itself says.
    pub(crate) fn mark(&self, task: &TaskId, map: MapId) -> Result<Option<u64>> {
        let Some(keyspace) = self.map(task, map) else { return Ok(None) };
        let stored = self.snapshot.get(keyspace, MARK);
        let stored = stored.map_err(|error| self.failed("look for a map", error))?;
        Ok(stored.and_then(|bytes| mark(&bytes)))
    }

    pub(crate) fn failed(&self, doing: &str, error: fjall::Error) -> store_core::Error {
        engine(&self.path, doing, error)
    }
}
