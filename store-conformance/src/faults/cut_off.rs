//! A backend that stops answering after so many calls: the death of a process, at any of its awaits, inside one.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, LocalReader, MapId, Name,
        Order, OwnerId, Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary,
        TaskWriter,
    },
};
use tokio::{sync::Notify, task::yield_now};

/// Counts calls and cuts off at one of them.
#[derive(Debug)]
struct Line {
    /// Half calls left: an odd rest cuts off after the inner call has acted, an even one before.
    left: AtomicU64,
    cut: Notify,
}

impl Line {
    async fn step(&self) {
        let take = |left: u64| left.checked_sub(1);
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if left.is_err() {
            self.cut.notify_one();
            pending::<()>().await;
        }
        // Others get their turn, so that concurrent operations interleave on backends that answer at once, too.
        yield_now().await;
    }

    async fn call<T>(&self, inner: impl Future<Output = T> + Send) -> T {
        self.step().await;
        let answer = inner.await;
        self.step().await;
        answer
    }
}

/// Wraps a backend; calls beyond the given number never return.
#[derive(Clone, Debug)]
pub struct CutOff {
    inner: Arc<dyn Backend>,
    line: Arc<Line>,
}

impl CutOff {
    /// Cuts off after `half_calls`: each call counts once before and once after it has acted.
    #[must_use]
    pub fn new(inner: Arc<dyn Backend>, half_calls: u64) -> Self {
        let line = Line { left: AtomicU64::new(half_calls), cut: Notify::new() };
        Self { inner, line: Arc::new(line) }
    }

    /// Returns when the line is cut.
    pub async fn cut(&self) {
        self.line.cut.notified().await;
    }
}

#[derive(Debug)]
struct CutOffReader<T: ?Sized> {
    line: Arc<Line>,
    inner: Arc<T>,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Backend for CutOff {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let claim = self.line.call(self.inner.claim(task, owner, stores)).await?;
        let writer = CutOffReader { line: self.line.clone(), inner: claim.writer };
        Ok(Claim::new(Arc::new(writer), claim.checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let inner = self.line.call(self.inner.read(task)).await?;
        Ok(Arc::new(CutOffReader { line: self.line.clone(), inner }))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.line.call(self.inner.tasks(application)).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.line.call(self.inner.destroy(task)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: TaskReader + ?Sized> TaskReader for CutOffReader<T> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.line.call(self.inner.get_many(keys)).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.line.call(self.inner.scan(map, range, order, limit)).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.line.call(self.inner.approximate_len(map)).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.line.call(self.inner.checkpoint()).await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.inner.searcher()
    }

    /// None: every read goes through the line.
    fn local(&self) -> Option<&dyn LocalReader> {
        None
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskWriter for CutOffReader<dyn TaskWriter> {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        self.line.call(self.inner.commit(commit)).await
    }

    async fn apply(&self) -> Result<()> {
        self.line.call(self.inner.apply()).await
    }

    async fn close(&self) -> Result<()> {
        self.line.call(self.inner.close()).await
    }
}
