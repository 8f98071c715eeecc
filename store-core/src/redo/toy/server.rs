//! What the toy database holds, and what a request does to it.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Break;
use crate::{
    Result,
    backend::{KeyRange, MapId, Order, Put, TaskId},
    redo::{LogName, Meta, MetaChange, Swap},
};

/// The database, and the requests that are on their way to it.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) tasks: BTreeMap<TaskId, Record>,
    pub(super) in_flight: Vec<(TaskId, Request)>,
    /// How often everybody paused for longer than any request lives.
    pub(super) pauses: u64,
    #[cfg(test)]
    pub(super) refuse_next: bool,
}

/// What is stored of one task.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) meta: Option<Bytes>,
    pub(super) logs: BTreeMap<(LogName, u32), Bytes>,
    pub(super) data: BTreeMap<(MapId, Bytes), (i64, Option<Put>)>,
    /// Nothing of this stamp or a lower one comes in any more.
    wiped: i64,
    pub(super) broken: Option<Break>,
}

/// A request that changes something: one record each.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Swap(MetaChange),
    PutChunk(LogName, u32, Bytes),
    Clear(LogName),
    Sweep(u64),
    /// Removes every log but this one; no rule allows it.
    SweepBut(Option<LogName>),
    Write(MapId, Bytes, Option<Put>, i64),
    Drop(MapId, i64),
    Wipe(i64),
}

impl Server {
    pub(super) fn task(&mut self, task: &TaskId) -> &mut Record {
        self.tasks.entry(task.clone()).or_default()
    }
}

impl Record {
    pub(super) fn meta(&self) -> Result<Option<Meta>> {
        self.meta.as_deref().map(Meta::decode).transpose()
    }

    pub(super) fn chunk(&self, log: LogName, index: u32) -> Option<Bytes> {
        self.logs.get(&(self.named(log), index)).cloned()
    }

    pub(super) fn get(&self, map: MapId, key: &Bytes) -> Option<Bytes> {
        Some(self.data.get(&(map, key.clone()))?.1.as_ref()?.value.clone())
    }

    /// The keys of a map in a range, those of deleted entries included.
    pub(super) fn keys(&self, map: MapId, range: &KeyRange, order: Order) -> Vec<Bytes> {
        let from =
            self.data.range((map, Bytes::new())..).take_while(|((other, _), _)| *other == map);
        let within = from.map(|((_, key), _)| key.clone()).filter(|key| range.contains(key));
        let mut keys: Vec<_> = within.collect();
        if order == Order::Backward {
            keys.reverse();
        }
        keys
    }

    /// The entries of a store that is not cut by time.
    pub(super) fn entries(&self, store: u32) -> impl Iterator<Item = (&Bytes, &Put)> {
        self.data.iter().filter_map(move |((map, key), (_, put))| {
            Some((key, put.as_ref()?)).filter(|_| *map == MapId::whole(store))
        })
    }

    /// Whether what a write under this stamp does is done.
    pub(super) fn shows(&self, map: MapId, key: &Bytes, put: Option<&Put>, stamp: i64) -> bool {
        self.data.get(&(map, key.clone())).map_or(put.is_none(), |(written, _)| *written >= stamp)
    }

    /// How many entries are there, over all maps.
    pub(super) fn stored(&self) -> usize {
        self.data.values().filter(|(_, value)| value.is_some()).count()
    }

    /// The number of entries of a map.
    pub(super) fn len(&self, map: MapId) -> u64 {
        let there = |&(place, (_, value)): &(&(MapId, Bytes), &(i64, Option<Put>))| {
            place.0 == map && value.is_some()
        };
        self.data.iter().filter(there).count() as u64
    }

    /// The name a log is kept under.
    fn named(&self, log: LogName) -> LogName {
        let nothing = uuid::Uuid::nil();
        match self.broken {
            Some(Break::LogWithoutEpoch) => LogName { epoch: 0, attempt: nothing },
            Some(Break::LogWithoutAttempt) => LogName { attempt: nothing, ..log },
            _ => log,
        }
    }

    pub(super) fn execute(&mut self, request: Request) -> Result<Swap> {
        match request {
            Request::Swap(change) => return self.swap(&change),
            Request::PutChunk(log, index, chunk) => {
                self.logs.insert((self.named(log), index), chunk);
            }
            Request::Clear(log) => {
                let log = self.named(log);
                self.logs.retain(|(other, _), _| *other != log);
            }
            Request::Sweep(below) => self.logs.retain(|(log, _), _| log.epoch >= below),
            Request::SweepBut(kept) => self.logs.retain(|(log, _), _| Some(*log) == kept),
            Request::Write(map, key, value, stamp) => self.write(map, key, value, stamp),
            Request::Drop(map, stamp) => {
                // Not remembered: a late write comes in again, and the floor hides it.
                self.data.retain(|(other, _), (written, _)| *other != map || *written > stamp);
            }
            Request::Wipe(stamp) => {
                self.wiped = self.wiped.max(stamp);
                self.data.retain(|_, (written, _)| *written > stamp);
            }
        }
        Ok(Swap::Applied)
    }

    fn swap(&mut self, change: &MetaChange) -> Result<Swap> {
        let stored = self.meta()?;
        let holds = change.holds(stored.as_ref()) || self.lets_in(change, stored.as_ref());
        if !holds {
            return Ok(Swap::Refused(stored));
        }
        self.meta = Some(change.apply_to(stored.as_ref()).encode());
        match (self.broken, change) {
            (Some(Break::DestroyForgets), MetaChange::Destroy { .. }) => self.meta = None,
            (Some(Break::PurgedTooEarly), MetaChange::Claim { .. }) => self.purge(),
            _ => {}
        }
        Ok(Swap::Applied)
    }

    /// What a broken compare-and-set lets in.
    fn lets_in(&self, change: &MetaChange, stored: Option<&Meta>) -> bool {
        match (self.broken, change, stored) {
            (Some(Break::CommitWithoutFence), MetaChange::Commit { previous, .. }, Some(meta)) => {
                meta.sequence == *previous
            }
            (Some(Break::CommitWithoutSequence), MetaChange::Commit { fence, .. }, Some(meta)) => {
                meta.fence == *fence
            }
            (Some(Break::ClearWithoutCondition), MetaChange::Clear { .. }, Some(_)) => true,
            (Some(Break::ClearByEpochOnly), MetaChange::Clear { fence, .. }, Some(meta)) => {
                meta.fence.epoch == fence.epoch
            }
            _ => false,
        }
    }

    /// Removes the marks of deleted keys.
    pub(super) fn purge(&mut self) {
        self.data.retain(|_, (_, value)| value.is_some());
        self.wiped = 0;
    }

    /// Sets the highest stamp, whatever else is there.
    pub(super) fn force_stamp(&mut self, stamp: i64) {
        if let Ok(Some(meta)) = self.meta() {
            self.meta = Some(Meta { stamp_hi: stamp, ..meta }.encode());
        }
    }

    fn write(&mut self, map: MapId, key: Bytes, value: Option<Put>, stamp: i64) {
        let place = (map, key);
        let older = self.data.get(&place).is_none_or(|(written, _)| *written <= stamp);
        if stamp <= self.wiped || !older {
            return;
        }
        if value.is_none() && self.broken == Some(Break::PhysicalDelete) {
            self.data.remove(&place);
        } else {
            self.data.insert(place, (stamp, value));
        }
    }
}
