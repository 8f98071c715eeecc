//! A task far away.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use store::{
    Result,
    backend::{
        Capabilities, Checkpoint, Commit, KeyRange, LocalReader, MapChange, MapId, Order, Page,
        PageLimit, Searcher, TaskReader, TaskWriter,
    },
};

use super::Latency;

/// A reader's or an owner's handle.
#[derive(Debug)]
pub(super) struct RemoteTask<T: ?Sized> {
    task: Arc<T>,
    latency: Latency,
}

impl<T: ?Sized> RemoteTask<T> {
    pub(super) const fn new(task: Arc<T>, latency: Latency) -> Self {
        Self { task, latency }
    }
}

/// The bytes of keys and values that a commit sends.
fn weight(commit: &Commit) -> usize {
    let writes = commit.changes().values().filter_map(|change| match change {
        MapChange::Write(writes) => Some(writes),
        MapChange::Drop => None,
    });
    let entries = writes.flatten();
    entries.map(|(key, put)| key.len() + put.as_ref().map_or(0, |put| put.value.len())).sum()
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: TaskReader + ?Sized> TaskReader for RemoteTask<T> {
    fn capabilities(&self) -> &Capabilities {
        self.task.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.latency.wait(keys.iter().map(|(_, key)| key.len()).sum()).await;
        let values = self.task.get_many(keys).await?;
        self.latency.wait_for_answer(values.iter().flatten().map(Bytes::len).sum()).await;
        Ok(values)
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.latency.wait(0).await;
        let page = self.task.scan(map, range, order, limit).await?;
        let bytes = page.entries.iter().map(|(key, value)| key.len() + value.len());
        self.latency.wait_for_answer(bytes.sum()).await;
        Ok(page)
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.latency.wait(0).await;
        self.task.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.latency.wait(0).await;
        self.task.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.task.searcher()
    }

    /// None: every read makes the way.
    fn local(&self) -> Option<&dyn LocalReader> {
        None
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<T: TaskWriter + ?Sized> TaskWriter for RemoteTask<T> {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        self.latency.wait(weight(commit)).await;
        self.task.commit(commit).await
    }

    async fn apply(&self) -> Result<()> {
        self.task.apply().await
    }

    async fn close(&self) -> Result<()> {
        self.task.close().await
    }
}
