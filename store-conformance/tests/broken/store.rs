//! A sound store with a fault.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use store_conformance::{Place, anyhow, async_trait};
use store_core::{
    Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, MapId, Name, Order, OwnerId,
        Page, PageLimit, SearchPage, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary,
        TaskWriter,
    },
    memory::MemoryBackend,
    search::Query,
};

use crate::{
    Key,
    fault::{Fault, Scan, Search, Sound, handle},
};

/// A place of a sound store, with the fault.
pub(crate) struct BrokenPlace {
    sound: Arc<dyn Place>,
    fault: Arc<dyn Fault>,
    left: Mutex<Option<MemoryBackend>>,
}

impl BrokenPlace {
    pub(crate) fn new(sound: Arc<dyn Place>, fault: Arc<dyn Fault>) -> Self {
        Self { sound, fault, left: Mutex::default() }
    }
}

#[async_trait]
impl Place for BrokenPlace {
    async fn open(&self) -> anyhow::Result<Arc<dyn Backend>> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sound: Arc<dyn Backend> = match self.fault.instead().or(left) {
            Some(state) => Arc::new(state),
            None => self.sound.open().await?,
        };
        Ok(Arc::new(BrokenStore { sound, fault: self.fault.clone() }))
    }

    async fn kill(&self) -> anyhow::Result<bool> {
        let Some(left) = self.fault.killed() else { return Ok(false) };
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        Ok(true)
    }
}

#[derive(Debug)]
struct BrokenStore {
    sound: Arc<dyn Backend>,
    fault: Arc<dyn Fault>,
}

impl BrokenStore {
    fn task(
        &self,
        task: &TaskId,
        reader: Arc<dyn TaskReader>,
        writer: Option<Arc<dyn TaskWriter>>,
    ) -> BrokenTask {
        let mut says = reader.capabilities().clone();
        self.fault.capabilities(&mut says);
        let (backend, handle) = (self.sound.clone(), handle(&*self.sound));
        let sound = Sound { backend, handle, task: task.clone(), reader, writer };
        BrokenTask { sound, says, fault: self.fault.clone() }
    }
}

#[async_trait]
impl Backend for BrokenStore {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        let claim = self.fault.claim(&*self.sound, task, owner).await?;
        let writer = self.task(task, claim.writer.clone(), Some(claim.writer));
        Ok(Claim::new(Arc::new(writer), claim.checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let reader = self.fault.read(&*self.sound, task).await?;
        Ok(Arc::new(self.task(task, reader, None)))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.fault.tasks(&*self.sound, application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.fault.destroy(&*self.sound, task).await
    }
}

#[derive(Debug)]
struct BrokenTask {
    sound: Sound,
    says: Capabilities,
    fault: Arc<dyn Fault>,
}

/// A call takes a turn, so that calls meet, and so that a caller who asks for ever can be stopped.
async fn turn() {
    tokio::task::yield_now().await;
}

#[async_trait]
impl TaskReader for BrokenTask {
    fn capabilities(&self) -> &Capabilities {
        &self.says
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        turn().await;
        self.fault.get_many(&self.sound, keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        turn().await;
        self.fault.scan(&self.sound, Scan { map, range: range.clone(), order, limit }).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.fault.approximate_len(&self.sound, map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.fault.checkpoint(&self.sound).await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.sound
            .reader
            .searcher()
            .filter(|_| self.fault.searches())
            .map(|_| self as &dyn Searcher)
    }
}

#[async_trait]
impl Searcher for BrokenTask {
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage> {
        turn().await;
        let search = Search { store, query: query.clone(), after: after.cloned(), limit };
        self.fault.search(&self.sound, search).await
    }
}

#[async_trait]
impl TaskWriter for BrokenTask {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        turn().await;
        self.fault.commit(&self.sound, commit).await
    }

    async fn apply(&self) -> Result<()> {
        self.fault.apply(&self.sound).await
    }

    async fn close(&self) -> Result<()> {
        self.fault.close(&self.sound).await
    }
}
