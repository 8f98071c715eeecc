//! A backend that counts what is read, remembers what is committed, and loses commits.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Backend, Capabilities, Changes, Checkpoint, Claim, Commit, KeyRange, MapId, Name, Order,
        OwnerId, Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary, TaskWriter,
    },
};

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It works.
    Kept,
    /// It never arrives, and nobody learns.
    LostBefore,
    /// It arrives, and nobody learns.
    LostAfter,
}

#[derive(Debug)]
struct Log {
    entries_read: AtomicUsize,
    last: Mutex<Changes>,
    fate: Mutex<Fate>,
}

/// A backend that is watched.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn Backend>,
    log: Arc<Log>,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn Backend>) -> Self {
        let log = Log {
            entries_read: AtomicUsize::new(0),
            last: Mutex::default(),
            fate: Mutex::new(Fate::Kept),
        };
        Self { inner, log: Arc::new(log) }
    }

    /// How many entries the backend gave so far.
    pub(crate) fn entries_read(&self) -> usize {
        self.log.entries_read.load(Ordering::Relaxed)
    }

    /// What the last commit changed.
    pub(crate) fn last_commit(&self) -> Changes {
        self.log.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What becomes of commits from now on.
    pub(crate) fn fate(&self, fate: Fate) {
        *self.log.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }
}

#[async_trait]
impl Backend for Watched {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let Claim { writer, checkpoint, .. } = self.inner.claim(task, owner, stores).await?;
        let writer = WatchedTask { inner: writer, log: self.log.clone() };
        Ok(Claim::new(Arc::new(writer), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let inner = self.inner.read(task).await?;
        Ok(Arc::new(WatchedTask { inner, log: self.log.clone() }))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.inner.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.inner.destroy(task).await
    }
}

#[derive(Debug)]
struct WatchedTask<T: ?Sized> {
    inner: Arc<T>,
    log: Arc<Log>,
}

#[async_trait]
impl<T: TaskReader + ?Sized> TaskReader for WatchedTask<T> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let found = self.inner.get_many(keys).await?;
        self.log.entries_read.fetch_add(found.iter().flatten().count(), Ordering::Relaxed);
        Ok(found)
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let page = self.inner.scan(map, range, order, limit).await?;
        self.log.entries_read.fetch_add(page.entries.len(), Ordering::Relaxed);
        Ok(page)
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.inner.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.inner.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.inner.searcher()
    }
}

#[async_trait]
impl TaskWriter for WatchedTask<dyn TaskWriter> {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        let fate = *self.log.fate.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = || Error::new(ErrorKind::Timeout, "the answer to a commit was lost");
        if fate == Fate::LostBefore {
            return Err(lost());
        }
        self.inner.commit(commit).await?;
        *self.log.last.lock().unwrap_or_else(PoisonError::into_inner) = commit.changes().clone();
        if fate == Fate::LostAfter { Err(lost()) } else { Ok(()) }
    }

    async fn apply(&self) -> Result<()> {
        self.inner.apply().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
