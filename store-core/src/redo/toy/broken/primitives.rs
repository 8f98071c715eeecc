//! Rules left out by tampering with requests and answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::Break;
use crate::{
    Effect, Error, Result,
    backend::{Capabilities, Changes, KeyRange, MapChange, MapId, Order, Page, PageLimit},
    redo::{
        Body, Clock, Lease, LogName, Meta, MetaChange, RedoSearcher, RedoTask, Step, Swap, log,
        toy::{server::Request, task::ToyTask},
    },
};

#[derive(Debug, Default)]
struct Memory {
    /// What was read before the claim.
    first_read: Option<Meta>,
    claimed: bool,
    /// The stamp of the commit this process decided last.
    own_stamp: Option<i64>,
    /// Data were read since the record was.
    data_read: bool,
}

/// Primitives that break a rule.
#[derive(Debug)]
pub(in super::super) struct Broken {
    inner: ToyTask,
    broken: Break,
    clock: Arc<dyn Clock>,
    memory: Mutex<Memory>,
}

impl Broken {
    pub(in super::super) fn new(inner: ToyTask, broken: Break, clock: Arc<dyn Clock>) -> Self {
        Self { inner, broken, clock, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a claim sees of the record after it raised the epoch.
    async fn load_after_claim(&self) -> Result<Option<Meta>> {
        let Some(mut meta) = self.inner.load().await? else { return Ok(None) };
        match self.broken {
            Break::ClaimReadsOnce => {
                let fence = meta.fence;
                let first = self.memory().first_read.clone();
                meta = Meta { fence, ..first.unwrap_or_else(|| Meta::new(fence)) };
            }
            Break::NotFinished => meta.pending = None,
            Break::SweepPending => {
                let _ = self.inner.sweep(meta.fence.epoch).await;
            }
            Break::SweepAllOthers => {
                let kept = meta.pending.as_ref().map(|pending| pending.log);
                self.inner.send_late(Request::SweepBut(kept));
            }
            _ => {}
        }
        Ok(Some(meta))
    }

    /// What somebody who never claims sees of the record.
    fn mislead_reader(&self, meta: &mut Meta) -> Result<()> {
        match self.broken {
            Break::ReaderSkipsLog => meta.pending = None,
            Break::FloorIgnored => {
                let mut checkpoint = meta.checkpoint()?;
                checkpoint.stores.values_mut().for_each(|store| store.floor = None);
                meta.checkpoint = checkpoint.encode();
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes a record at the number before for the answer.
    async fn settled_by_reading(&self, error: Error, change: &MetaChange) -> Error {
        if let (Break::SettledByReading, MetaChange::Commit { fence, previous, .. }) =
            (self.broken, change)
            && let Ok(Some(meta)) = self.inner.load().await
            && meta.fence == *fence
            && meta.sequence == *previous
        {
            return error.with_effect(Effect::NotApplied);
        }
        error
    }

    fn tampered(&self, change: &MetaChange) -> MetaChange {
        let mut change = change.clone();
        if let MetaChange::Commit { pending, .. } = &mut change {
            if self.broken == Break::StampsFromClock {
                pending.stamp = self.clock.wall_micros();
            }
            self.memory().own_stamp = Some(pending.stamp);
        }
        change
    }

    /// The stamp with which writes are sent.
    fn stamp(&self, stamp: i64) -> i64 {
        match (self.broken, self.memory().own_stamp) {
            (Break::StampsFromClock, Some(own)) => own,
            (Break::NewStampsOnFinish, None) => self.clock.wall_micros().max(stamp + 1),
            _ => stamp,
        }
    }
}

#[async_trait]
impl RedoTask for Broken {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn load(&self) -> Result<Option<Meta>> {
        if self.memory().claimed {
            return self.load_after_claim().await;
        }
        let data_read = std::mem::take(&mut self.memory().data_read);
        if self.broken == Break::ReaderLooksOnce && data_read {
            return Ok(self.memory().first_read.clone());
        }
        let mut meta = self.inner.load().await?;
        self.memory().first_read.clone_from(&meta);
        if let Some(meta) = &mut meta {
            self.mislead_reader(meta)?;
        }
        Ok(meta)
    }

    async fn swap(&self, change: &MetaChange) -> Result<Swap> {
        let change = self.tampered(change);
        if let (Break::ApplyBeforeDeciding, MetaChange::Commit { pending, .. }) =
            (self.broken, &change)
            && let Body::Inline(bytes) = &pending.body
        {
            let lease = Lease::start(self.clock.clone(), std::time::Duration::MAX);
            self.inner.apply(&log::decode(bytes.clone())?, pending.stamp, &lease).await?;
        }
        let swap = match self.inner.swap(&change).await {
            Ok(swap) => swap,
            Err(error) => return Err(self.settled_by_reading(error, &change).await),
        };
        if let (MetaChange::Claim { .. }, Swap::Applied) = (&change, &swap) {
            self.memory().claimed = true;
            if self.broken == Break::ClaimWritesStamp {
                let stamp = self.memory().first_read.as_ref().map_or(0, |meta| meta.stamp_hi);
                self.inner.force_stamp(stamp);
            }
        }
        Ok(swap)
    }

    async fn put_chunk(&self, log: LogName, index: u32, chunk: &Bytes) -> Result<()> {
        self.inner.put_chunk(log, index, chunk).await
    }

    async fn read_chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>> {
        self.inner.read_chunks(log, count).await
    }

    async fn clear(&self, log: LogName) -> Result<()> {
        self.inner.clear(log).await
    }

    async fn sweep(&self, below_epoch: u64) -> Result<()> {
        self.inner.sweep(below_epoch).await
    }

    async fn apply(&self, changes: &Changes, stamp: i64, lease: &Lease) -> Result<()> {
        let stamp = self.stamp(stamp);
        match self.broken {
            Break::DecideBeforeApplied => {
                for (map, change) in changes {
                    let MapChange::Write(writes) = change else { continue };
                    for (key, put) in writes {
                        let write = Request::Write(*map, key.clone(), put.clone(), stamp);
                        self.inner.send_late(write);
                    }
                }
                Ok(())
            }
            Break::ClearBeforeApply => {
                if let Some(meta) = self.inner.load().await? {
                    let (fence, sequence) = (meta.fence, meta.sequence);
                    self.inner.swap(&MetaChange::Clear { fence, sequence }).await?;
                }
                self.inner.apply(changes, stamp, lease).await
            }
            _ => self.inner.apply(changes, stamp, lease).await,
        }
    }

    async fn wipe(&self, stamp: i64, lease: &Lease) -> Result<()> {
        self.inner.wipe(stamp, lease).await
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.memory().data_read = true;
        self.inner.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.memory().data_read = true;
        self.inner.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.inner.approximate_len(map).await
    }

    fn searcher(&self) -> Option<&dyn RedoSearcher> {
        self.inner.searcher()
    }

    async fn reached(&self, step: Step) -> Result<()> {
        self.inner.reached(step).await
    }
}
