//! A distant database that can compare and set one record, and nothing else at once: commits are logged, decided, applied.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use store::{
    Error, ErrorKind, Result,
    backend::{
        Backend, Capabilities, Changes, Checkpoint, Claim, Commit, KeyRange, MapChange, MapId,
        Name, Order, OwnerId, Page, PageLimit, Put, StoreSpec, TaskId, TaskReader, TaskSummary,
        TaskWriter,
    },
    memory::MemoryBackend,
    redo::{Lease, LogName, Meta, MetaChange, RedoConfig, RedoTask, Swap, claim},
};

use crate::latency::Latency;

/// The protocol of `store::redo`, each of whose requests takes as long as a call; one task for each claim.
#[derive(Debug)]
pub(crate) struct TwoPhase {
    latency: Latency,
}

/// What is stored of a task.
#[derive(Debug)]
struct Remote {
    latency: Latency,
    record: Mutex<Option<Meta>>,
    logs: Mutex<BTreeMap<(LogName, u32), Bytes>>,
    /// Takes what is applied; nobody else has it.
    data: Arc<dyn TaskWriter>,
    applied: Mutex<Checkpoint>,
}

impl TwoPhase {
    pub(crate) const fn new(latency: Latency) -> Self {
        Self { latency }
    }
}

fn unsupported<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported, "a simulated database is there for one owner"))
}

#[async_trait]
impl Backend for TwoPhase {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let data = MemoryBackend::new().claim(task, owner, stores).await?;
        let remote = Remote {
            latency: self.latency.clone(),
            record: Mutex::default(),
            logs: Mutex::default(),
            data: data.writer,
            applied: Mutex::new(data.checkpoint),
        };
        claim(task, owner, Arc::new(remote), RedoConfig::default()).await
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        Err(Error::new(ErrorKind::NotFound, format!("there is no task {task}")))
    }

    async fn tasks(&self, _: &Name) -> Result<Vec<TaskSummary>> {
        unsupported()
    }

    async fn destroy(&self, _: &TaskId) -> Result<()> {
        unsupported()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes(changes: &Changes) -> usize {
    let writes = changes.values().filter_map(|change| match change {
        MapChange::Drop => None,
        MapChange::Write(writes) => Some(writes),
    });
    let size = |put: &Put| put.value.len();
    writes.flatten().map(|(key, put)| key.len() + put.as_ref().map_or(0, size)).sum()
}

#[async_trait]
impl RedoTask for Remote {
    fn capabilities(&self) -> &Capabilities {
        self.data.capabilities()
    }

    async fn load(&self) -> Result<Option<Meta>> {
        self.latency.wait(0).await;
        Ok(lock(&self.record).clone())
    }

    async fn swap(&self, change: &MetaChange) -> Result<Swap> {
        self.latency.wait(0).await;
        let mut record = lock(&self.record);
        if !change.holds(record.as_ref()) {
            return Ok(Swap::Refused(record.clone()));
        }
        *record = Some(change.apply_to(record.as_ref()));
        Ok(Swap::Applied)
    }

    async fn put_chunk(&self, log: LogName, index: u32, chunk: &Bytes) -> Result<()> {
        self.latency.wait(chunk.len()).await;
        lock(&self.logs).insert((log, index), chunk.clone());
        Ok(())
    }

    async fn read_chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>> {
        self.latency.wait(0).await;
        let logs = lock(&self.logs);
        Ok((0..count).map(|index| logs.get(&(log, index)).cloned()).collect())
    }

    async fn clear(&self, log: LogName) -> Result<()> {
        self.latency.wait(0).await;
        lock(&self.logs).retain(|(name, _), _| *name != log);
        Ok(())
    }

    async fn sweep(&self, below_epoch: u64) -> Result<()> {
        self.latency.wait(0).await;
        lock(&self.logs).retain(|(name, _), _| name.epoch >= below_epoch);
        Ok(())
    }

    async fn apply(&self, changes: &Changes, _stamp: i64, lease: &Lease) -> Result<()> {
        lease.check()?;
        let mut checkpoint = lock(&self.applied).clone();
        checkpoint.sequence += 1;
        let commit = Arc::new(Commit::new(checkpoint.clone(), changes.clone()));
        self.latency.wait(bytes(changes)).await;
        self.data.commit(&commit).await?;
        *lock(&self.applied) = checkpoint;
        Ok(())
    }

    async fn wipe(&self, _stamp: i64, _lease: &Lease) -> Result<()> {
        unsupported()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.latency.wait(0).await;
        self.data.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.latency.wait(0).await;
        self.data.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.latency.wait(0).await;
        self.data.approximate_len(map).await
    }
}
