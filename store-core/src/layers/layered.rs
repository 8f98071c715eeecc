//! Forwards every method of the waist through a layer: the one place that does.

#![deny(clippy::missing_trait_methods)]

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Call, Layer};
use crate::{
    Error, ErrorKind, Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, LocalReader, MapId, Name,
        Order, OwnerId, Page, PageLimit, SearchPage, Searcher, StoreSpec, TaskId, TaskReader,
        TaskSummary, TaskWriter, search::Query,
    },
};

/// A backend with a layer around it, and around its readers and writers.
#[derive(Clone, Debug)]
pub struct Layered<L> {
    inner: Arc<dyn Backend>,
    layer: L,
}

impl<L: Layer> Layered<L> {
    /// Puts a layer around a backend.
    #[must_use]
    pub const fn new(inner: Arc<dyn Backend>, layer: L) -> Self {
        Self { inner, layer }
    }

    fn task<T: ?Sized>(&self, inner: Arc<T>) -> Arc<LayeredTask<T, L>> {
        Arc::new(LayeredTask { inner, layer: self.layer.clone() })
    }
}

#[derive(Debug)]
struct LayeredTask<T: ?Sized, L> {
    layer: L,
    inner: Arc<T>,
}

#[async_trait]
impl<L: Layer> Backend for Layered<L> {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let call = Call::Claim { task, owner, stores };
        let claim = self.layer.call(call, || self.inner.claim(task, owner, stores)).await?;
        Ok(Claim::new(self.task(claim.writer), claim.checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let reader = self.layer.call(Call::Read { task }, || self.inner.read(task)).await?;
        Ok(self.task(reader))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let call = Call::Tasks { application };
        self.layer.call(call, || self.inner.tasks(application)).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        let call = Call::Destroy { task, below: &*self.inner };
        self.layer.call(call, || self.inner.destroy(task)).await
    }
}

#[async_trait]
impl<T: TaskReader + ?Sized, L: Layer> TaskReader for LayeredTask<T, L> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.layer.call(Call::GetMany { keys }, || self.inner.get_many(keys)).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let call = Call::Scan { map, range, order, limit };
        self.layer.call(call, || self.inner.scan(map, range, order, limit)).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        let call = Call::ApproximateLen { map };
        self.layer.call(call, || self.inner.approximate_len(map)).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.layer.call(Call::Checkpoint, || self.inner.checkpoint()).await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.inner.searcher().map(|_| self as &dyn Searcher)
    }

    /// None: every read goes through the layer.
    fn local(&self) -> Option<&dyn LocalReader> {
        None
    }
}

#[async_trait]
impl<T: TaskReader + ?Sized, L: Layer> Searcher for LayeredTask<T, L> {
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage> {
        let send = async || match self.inner.searcher() {
            Some(searcher) => searcher.search(store, query, after, limit).await,
            None => Err(Error::new(ErrorKind::Unsupported, "the backend has no search")),
        };
        self.layer.call(Call::Search { store, query, limit }, || Box::pin(send())).await
    }
}

#[async_trait]
impl<L: Layer> TaskWriter for LayeredTask<dyn TaskWriter, L> {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        let call = Call::Commit { commit, below: &self.inner };
        self.layer.call(call, || self.inner.commit(commit)).await
    }

    async fn apply(&self) -> Result<()> {
        self.layer.call(Call::Apply, || self.inner.apply()).await
    }

    async fn close(&self) -> Result<()> {
        self.layer.call(Call::Close, || self.inner.close()).await
    }
}
