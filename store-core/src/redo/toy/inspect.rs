//! Looks into the toy database, and damages it.

use super::ToyBackend;
use crate::{
    backend::{MapId, TaskId},
    redo::Meta,
};

impl ToyBackend {
    /// The record as stored.
    pub(in crate::redo) fn record(&self, task: &TaskId) -> Option<Meta> {
        self.server().task(task).meta().unwrap()
    }

    /// Puts another record in its place.
    pub(in crate::redo) fn set_record(&self, task: &TaskId, meta: Option<Meta>) {
        self.server().task(task).meta = meta.map(|meta| meta.encode());
    }

    /// How many chunks of logs are stored.
    pub(in crate::redo) fn logs(&self, task: &TaskId) -> usize {
        self.server().task(task).logs.len()
    }

    /// Loses every log.
    pub(in crate::redo) fn lose_logs(&self, task: &TaskId) {
        self.server().task(task).logs.clear();
    }

    /// The stamp of a key, also of a deleted one.
    pub(in crate::redo) fn stamp(&self, task: &TaskId, map: MapId, key: &[u8]) -> Option<i64> {
        let place = (map, bytes::Bytes::copy_from_slice(key));
        self.server().task(task).data.get(&place).map(|(stamp, _)| *stamp)
    }

    /// Refuses the next request that changes something.
    pub(in crate::redo) fn refuse_next_change(&self) {
        self.server().refuse_next = true;
    }
}
