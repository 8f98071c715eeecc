//! A backend with fail points at the calls of the waist, and with faults that the harness must notice.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use clap::ValueEnum;
use store::{
    ErrorKind, Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, LocalReader, MapId, Name,
        Order, OwnerId, Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary,
        TaskWriter,
    },
};
use tokio::sync::RwLock;

/// The fail points that every backend has: before and after each call.
pub const STEPS: [&str; 6] = [
    "waist::claiming",
    "waist::claimed",
    "waist::committing",
    "waist::decided",
    "waist::applying",
    "waist::applied",
];

/// What a broken backend does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// A commit now and then leaves out the writes of its last map.
    HalfCommit,
    /// A commit now and then forgets its deletes.
    DeletesLost,
    /// An owner that was fenced is let in all the same.
    FenceIgnored,
    /// A commit now and then is acknowledged and thrown away.
    AcknowledgedEarly,
    /// A claim gives offsets that are one record too low.
    OffsetsOld,
}

/// A backend behind its fail points.
#[derive(Clone, Debug)]
pub(super) struct Stepped {
    inner: Arc<dyn Backend>,
    fault: Fault,
}

impl Stepped {
    pub(super) fn new(inner: Arc<dyn Backend>, fault: Fault) -> Self {
        Self { inner, fault }
    }
}

/// Kills the process where the fail point of this name is set so.
fn step(_name: &str) {
    fail::fail_point!(_name);
}

/// Whether it is time for a fault that happens now and then.
fn now_and_then() -> bool {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(3)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Backend for Stepped {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        step("waist::claiming");
        let claim = self.inner.claim(task, owner, stores).await?;
        step("waist::claimed");
        let mut checkpoint = claim.checkpoint;
        if self.fault == Fault::OffsetsOld {
            checkpoint.offsets.values_mut().for_each(|offset| *offset = (*offset - 1).max(0));
        }
        let again = Again { backend: self.inner.clone(), task: task.clone(), specs: stores.into() };
        let inner = RwLock::new(claim.writer.clone());
        let writer = Writer { first: claim.writer, inner, again, fault: self.fault };
        Ok(Claim::new(Arc::new(writer), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        self.inner.read(task).await
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.inner.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.inner.destroy(task).await
    }
}

/// What a backend needs that ignores the fence.
#[derive(Debug)]
struct Again {
    backend: Arc<dyn Backend>,
    task: TaskId,
    specs: Vec<StoreSpec>,
}

#[derive(Debug)]
struct Writer {
    first: Arc<dyn TaskWriter>,
    inner: RwLock<Arc<dyn TaskWriter>>,
    again: Again,
    fault: Fault,
}

impl Writer {
    async fn inner(&self) -> Arc<dyn TaskWriter> {
        self.inner.read().await.clone()
    }

    /// Brings in the work of an owner that was fenced.
    async fn force(&self, commit: &Commit) -> Result<()> {
        let Again { backend, task, specs } = &self.again;
        let claim = backend.claim(task, OwnerId::random(), specs).await?;
        let mut checkpoint = commit.checkpoint().clone();
        checkpoint.sequence = claim.checkpoint.sequence + 1;
        *self.inner.write().await = claim.writer.clone();
        claim.writer.commit(&Arc::new(Commit::new(checkpoint, commit.changes().clone()))).await
    }

    /// The commit as a broken backend makes it; none where it throws it away.
    fn broken(&self, commit: &Arc<Commit>) -> Option<Arc<Commit>> {
        use store::backend::MapChange;
        let mut changes: BTreeMap<_, _> = commit.changes().clone();
        match self.fault {
            Fault::HalfCommit if now_and_then() => drop(changes.pop_last()),
            Fault::AcknowledgedEarly if now_and_then() => return None,
            Fault::DeletesLost if now_and_then() => {
                for change in changes.values_mut() {
                    if let MapChange::Write(writes) = change {
                        writes.retain(|_, put| put.is_some());
                    }
                }
            }
            _ => return Some(commit.clone()),
        }
        Some(Arc::new(Commit::new(commit.checkpoint().clone(), changes)))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskReader for Writer {
    fn capabilities(&self) -> &Capabilities {
        self.first.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.inner().await.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.inner().await.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.inner().await.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.inner().await.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.first.searcher()
    }

    fn local(&self) -> Option<&dyn LocalReader> {
        self.first.local()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskWriter for Writer {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        step("waist::committing");
        let Some(sent) = self.broken(commit) else { return Ok(()) };
        let done = self.inner().await.commit(&sent).await;
        step("waist::decided");
        match done {
            Err(error)
                if error.kind() == ErrorKind::Fenced && self.fault == Fault::FenceIgnored =>
            {
                self.force(commit).await
            }
            done => done,
        }
    }

    async fn apply(&self) -> Result<()> {
        step("waist::applying");
        self.inner().await.apply().await?;
        step("waist::applied");
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        self.inner().await.close().await
    }
}
