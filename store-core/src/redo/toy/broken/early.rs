//! A writer that says too early that a commit can be read.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Result,
    backend::{
        Capabilities, Checkpoint, Commit, KeyRange, MapId, Order, Page, PageLimit, Searcher,
        TaskReader, TaskWriter,
    },
};

/// The writer, without waiting for what it applies.
#[derive(Debug)]
pub(in super::super) struct Early(pub(in super::super) Arc<dyn TaskWriter>);

#[async_trait]
impl TaskWriter for Early {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        self.0.commit(commit).await
    }

    async fn apply(&self) -> Result<()> {
        // The next commit applies this one first, as it must.
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }
}

#[async_trait]
impl TaskReader for Early {
    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.0.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.0.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.0.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.0.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.0.searcher()
    }
}
