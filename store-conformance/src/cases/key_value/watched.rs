//! A backend that remembers what was asked of it, and can fail a scan.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Database, EngineConfig, Error, ErrorKind, Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, MapId, Name, Order, OwnerId,
        Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary, TaskWriter,
    },
};

use crate::Context;

/// What was asked of a backend.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    /// For each read of keys their number.
    pub(crate) gets: Vec<usize>,
    /// For each page its limit, and the bytes in it.
    pub(crate) pages: Vec<(PageLimit, usize)>,
    pub(crate) commits: Vec<Arc<Commit>>,
    /// How many pages may come before all fail.
    patience: Option<usize>,
}

/// A backend that remembers what was asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn Backend>,
    calls: Arc<Mutex<Calls>>,
}

impl Watched {
    pub(crate) async fn new(context: &Context) -> anyhow::Result<Self> {
        Ok(Self { inner: context.backend().await?, calls: Arc::default() })
    }

    pub(crate) fn database(&self, config: EngineConfig) -> Result<Database> {
        Database::with(Arc::new(self.clone()), config)
    }

    /// What was asked since the last time; from now on no scan fails.
    pub(crate) fn take(&self) -> Calls {
        self.with(std::mem::take)
    }

    /// Makes every page after so many more fail.
    pub(crate) fn fail_after(&self, pages: usize) {
        self.with(|calls| calls.patience = Some(pages));
    }

    fn with<T>(&self, use_calls: impl FnOnce(&mut Calls) -> T) -> T {
        with(&self.calls, use_calls)
    }
}

fn with<T>(calls: &Mutex<Calls>, use_calls: impl FnOnce(&mut Calls) -> T) -> T {
    use_calls(&mut calls.lock().unwrap_or_else(PoisonError::into_inner))
}

#[async_trait]
impl Backend for Watched {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let Claim { writer, checkpoint, .. } = self.inner.claim(task, owner, stores).await?;
        Ok(Claim::new(Arc::new(Task { inner: writer, calls: self.calls.clone() }), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let inner = self.inner.read(task).await?;
        Ok(Arc::new(Task { inner, calls: self.calls.clone() }))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.inner.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.inner.destroy(task).await
    }
}

#[derive(Debug)]
struct Task<T: ?Sized> {
    inner: Arc<T>,
    calls: Arc<Mutex<Calls>>,
}

#[async_trait]
impl<T: TaskReader + ?Sized> TaskReader for Task<T> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        with(&self.calls, |calls| calls.gets.push(keys.len()));
        self.inner.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let failing = |calls: &mut Calls| match &mut calls.patience {
            Some(0) => true,
            Some(pages) => {
                *pages -= 1;
                false
            }
            None => false,
        };
        if with(&self.calls, failing) {
            return Err(Error::new(ErrorKind::Timeout, "no answer to a scan"));
        }
        let page = self.inner.scan(map, range, order, limit).await?;
        let bytes = page.entries.iter().map(|(key, value)| key.len() + value.len()).sum();
        with(&self.calls, |calls| calls.pages.push((limit, bytes)));
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
impl TaskWriter for Task<dyn TaskWriter> {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        with(&self.calls, |calls| calls.commits.push(commit.clone()));
        self.inner.commit(commit).await
    }

    async fn apply(&self) -> Result<()> {
        self.inner.apply().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
