//! A backend whose point reads are in this process and worth caching, as those of files are.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, LocalReader, MapId, Name,
        Order, OwnerId, Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary,
        TaskWriter,
    },
    memory::MemoryBackend,
};

/// What happens after a point read, before its value is given.
type Afterwards = Arc<dyn Fn() + Send + Sync>;

/// Point reads by the backend in memory, everything else by what stands in front of it.
#[derive(Clone)]
pub(crate) struct Near {
    pub(crate) memory: MemoryBackend,
    pub(crate) over: Arc<dyn Backend>,
    pub(crate) afterwards: Afterwards,
    /// How many of several keys it does not answer.
    pub(crate) unanswered: usize,
}

impl Near {
    pub(crate) fn new(memory: MemoryBackend, over: Arc<dyn Backend>) -> Self {
        Self { memory, over, afterwards: Arc::new(|| ()), unanswered: 0 }
    }
}

impl std::fmt::Debug for Near {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Near")
    }
}

struct Task {
    near: Arc<dyn TaskReader>,
    far: Arc<dyn TaskWriter>,
    afterwards: Afterwards,
    unanswered: usize,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Task")
    }
}

#[async_trait]
impl Backend for Near {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let Claim { writer: far, checkpoint, .. } = self.over.claim(task, owner, stores).await?;
        let near = self.memory.read(task).await?;
        let (afterwards, unanswered) = (self.afterwards.clone(), self.unanswered);
        let writer = Task { near, far, afterwards, unanswered };
        Ok(Claim::new(Arc::new(writer), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        self.over.read(task).await
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.over.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.over.destroy(task).await
    }
}

#[async_trait]
impl TaskReader for Task {
    fn capabilities(&self) -> &Capabilities {
        self.far.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let mut found = self.far.get_many(keys).await?;
        found.truncate(keys.len() - self.unanswered.min(keys.len()));
        Ok(found)
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let page = self.far.scan(map, range, order, limit).await?;
        let entries = page.entries.into_iter().map(Ok::<_, store_core::Error>);
        let mut packed = Page::pack(entries, PageLimit::new(usize::MAX, usize::MAX))?;
        packed.resume = page.resume;
        Ok(packed)
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.far.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.far.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.far.searcher()
    }

    fn local(&self) -> Option<&dyn LocalReader> {
        Some(self)
    }
}

impl LocalReader for Task {
    fn get(&self, map: MapId, key: &[u8]) -> Result<Option<Bytes>> {
        // Invariant: readers of the backend in memory are local.
        let found = self.near.local().expect("it is local").get(map, key);
        (self.afterwards)();
        found
    }

    fn is_worth_caching(&self) -> bool {
        true
    }
}

#[async_trait]
impl TaskWriter for Task {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        self.far.commit(commit).await
    }

    async fn apply(&self) -> Result<()> {
        self.far.apply().await
    }

    async fn close(&self) -> Result<()> {
        self.far.close().await
    }
}
