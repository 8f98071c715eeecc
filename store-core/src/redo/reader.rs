//! Somebody else's view of a task over the primitives.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};

use super::{LogName, Meta, RedoTask, claim::read_log, floors::Floors};
use crate::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Changes, Checkpoint, KeyRange, MapChange, MapId, Order, Page, PageLimit,
        Searcher, TaskId, TaskReader,
    },
    merge::written,
};

/// How often a read is repeated because a commit was decided meanwhile.
const TRIES: usize = 20;

/// Reads a task whoever owns it: lays the decided log over what it reads, and reads the record before and after.
#[derive(Debug)]
pub struct RedoReader {
    task: TaskId,
    pub(super) primitives: Arc<dyn RedoTask>,
    /// The epoch of the last destruction before it was opened: its own ends it.
    destroyed: u64,
    /// The last log read, so that a quiet task's log is read once.
    known: Mutex<Option<(LogName, Arc<Changes>)>>,
    /// The last log that was found to be in the data.
    applied: Mutex<Option<LogName>>,
}

impl RedoReader {
    /// A reader of a task. `NotFound` for one never claimed, or destroyed.
    pub async fn open(task: TaskId, primitives: Arc<dyn RedoTask>) -> Result<Self> {
        let destroyed = primitives.load().await?.map_or(0, |meta| meta.destroyed);
        let (known, applied) = (Mutex::default(), Mutex::default());
        let reader = Self { task, primitives, destroyed, known, applied };
        reader.meta().await?;
        Ok(reader)
    }

    pub(super) async fn meta(&self) -> Result<Meta> {
        let alive = |meta: &Meta| meta.is_alive() && meta.destroyed == self.destroyed;
        let meta = self.primitives.load().await?.filter(alive);
        meta.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no task {}", self.task))
        })
    }

    /// The log of the last commit, whose writes may be in the data or not.
    pub(super) async fn log(&self, meta: &Meta) -> Result<Arc<Changes>> {
        let Some(pending) = &meta.pending else { return Ok(Arc::default()) };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, log)) = known.filter(|(name, _)| *name == pending.log) {
            return Ok(log);
        }
        let log = Arc::new(read_log(&*self.primitives, pending).await?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((pending.log, log.clone()));
        Ok(log)
    }

    /// The last log that was found to be in the data.
    pub(super) fn applied(&self) -> Option<LogName> {
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_applied(&self, log: LogName) {
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner) = Some(log);
    }

    /// What to read of these maps, and what to lay over it.
    async fn sight(&self, meta: &Meta, maps: &[MapId]) -> Result<Sight> {
        let segments = maps.iter().any(|map| map.segment.is_some());
        let floors = if segments { Floors::of(&meta.checkpoint()?) } else { Floors::default() };
        Ok(Sight { log: self.log(meta).await?, floors, wiped: meta.wipe.is_some() })
    }

    /// Reads maps until no commit was decided meanwhile.
    async fn stable<'a, T>(
        &'a self,
        maps: &[MapId],
        read: impl Fn(Sight) -> BoxFuture<'a, Result<T>> + Send,
    ) -> Result<T> {
        let mut meta = self.meta().await?;
        for _ in 0..TRIES {
            let answer = match self.sight(&meta, maps).await {
                Ok(sight) => read(sight).await,
                Err(error) => Err(error),
            };
            let now = self.meta().await?;
            if meta.same_state(&now) {
                return answer;
            }
            meta = now;
        }
        let message = format!("task {} commits faster than it can be read: try again", self.task);
        Err(Error::new(ErrorKind::Throttled, message))
    }
}

/// How the record makes one see the data.
#[derive(Debug)]
struct Sight {
    log: Arc<Changes>,
    floors: Floors,
    /// The task was destroyed, and what is stored is not removed yet.
    wiped: bool,
}

impl Sight {
    /// Whether a map is absent, whatever is stored.
    fn hides(&self, map: MapId) -> bool {
        self.wiped || self.floors.hide(map) || self.log.get(&map) == Some(&MapChange::Drop)
    }

    /// The value of a key of which `stored` is stored.
    fn value(&self, map: MapId, key: &[u8], stored: Option<Bytes>) -> Option<Bytes> {
        if self.hides(map) {
            return None;
        }
        written(&self.log, map, key).map_or(stored, |put| put.map(|put| put.value.clone()))
    }
}

#[async_trait]
impl TaskReader for RedoReader {
    fn capabilities(&self) -> &Capabilities {
        self.primitives.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let maps: Vec<_> = keys.iter().map(|(map, _)| *map).collect();
        self.stable(&maps, |sight| {
            let read = async move {
                let stored = self.primitives.get_many(keys).await?;
                let stored = keys.iter().zip(stored);
                Ok(stored.map(|((map, key), stored)| sight.value(*map, key, stored)).collect())
            };
            read.boxed()
        })
        .await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.stable(&[map], |sight| {
            let read = async move {
                if sight.hides(map) {
                    return Ok(Page::default());
                }
                let page = self.primitives.scan(map, range, order, limit).await?;
                Ok(page.overlaid(&sight.log, map, range, order, limit))
            };
            read.boxed()
        })
        .await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.stable(&[map], |sight| {
            let read = async move {
                if sight.hides(map) { Ok(0) } else { self.primitives.approximate_len(map).await }
            };
            read.boxed()
        })
        .await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.meta().await?.checkpoint()
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.primitives.searcher().map(|_| self as &dyn Searcher)
    }
}
