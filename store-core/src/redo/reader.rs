//! Somebody else's view of a task over the primitives.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};

use super::{LogName, Meta, RedoTask, claim::read_log};
use crate::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Changes, Checkpoint, KeyRange, MapChange, MapId, Order, Page, PageLimit,
        Searcher, TaskId, TaskReader,
    },
    merge::{entries, merge, written},
};

/// How often a read is repeated because a commit was decided meanwhile.
const TRIES: usize = 20;

/// Reads a task whoever owns it: lays the decided log over what it reads, and reads the record before and after.
#[derive(Debug)]
pub struct RedoReader {
    task: TaskId,
    primitives: Arc<dyn RedoTask>,
    /// The epoch of the last destruction before it was opened: its own ends it.
    destroyed: u64,
    /// The last log read, so that a quiet task's log is read once.
    known: Mutex<Option<(LogName, Arc<Changes>)>>,
}

impl RedoReader {
    /// A reader of a task. `NotFound` for one never claimed, or destroyed.
    pub async fn open(task: TaskId, primitives: Arc<dyn RedoTask>) -> Result<Self> {
        let destroyed = primitives.load().await?.map_or(0, |meta| meta.destroyed);
        let reader = Self { task, primitives, destroyed, known: Mutex::default() };
        reader.meta().await?;
        Ok(reader)
    }

    async fn meta(&self) -> Result<Meta> {
        let alive = |meta: &Meta| meta.is_alive() && meta.destroyed == self.destroyed;
        let meta = self.primitives.load().await?.filter(alive);
        meta.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no task {}", self.task))
        })
    }

    /// The log of the last commit, whose writes may be in the data or not.
    async fn log(&self, meta: &Meta) -> Result<Arc<Changes>> {
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

    /// Reads until no commit was decided meanwhile.
    async fn stable<'a, T>(
        &'a self,
        read: impl Fn(Arc<Changes>) -> BoxFuture<'a, Result<T>> + Send,
    ) -> Result<T> {
        let mut meta = self.meta().await?;
        for _ in 0..TRIES {
            let answer = match self.log(&meta).await {
                Ok(log) => read(log).await,
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

#[async_trait]
impl TaskReader for RedoReader {
    fn capabilities(&self) -> &Capabilities {
        self.primitives.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.stable(|log| {
            let read = async move {
                let mut values = self.primitives.get_many(keys).await?;
                for ((map, key), value) in keys.iter().zip(&mut values) {
                    if let Some(put) = written(&log, *map, key) {
                        *value = put.map(|put| put.value.clone());
                    }
                }
                Ok(values)
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
        self.stable(|log| {
            let read = async move {
                if log.get(&map) == Some(&MapChange::Drop) {
                    return Ok(Page::default());
                }
                let page = self.primitives.scan(map, range, order, limit).await?;
                Ok(merge(vec![entries(&log, map, range, order)], page, None, order, limit))
            };
            read.boxed()
        })
        .await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.primitives.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.meta().await?.checkpoint()
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
