//! A backend whose calls are held, refused or lost.

use std::{pin::pin, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::select;
use store_core::{
    Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, LocalReader, MapId, Name,
        Order, OwnerId, Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary,
        TaskWriter,
    },
};

use super::script::{Calls, Fault, Script};

/// Wraps a backend; calls meet the faults that are asked for, in order, and work where none is left.
///
/// One of these is the line of one process. A cheap clone; clones are the same line.
#[derive(Clone, Debug)]
pub struct Faulty {
    inner: Arc<dyn Backend>,
    script: Arc<Script>,
}

impl Faulty {
    /// A line without faults.
    #[must_use]
    pub fn new(inner: Arc<dyn Backend>) -> Self {
        Self { inner, script: Arc::new(Script::new()) }
    }

    /// What the next commits meet.
    pub fn commits(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lists().commits.extend(faults);
    }

    /// What the next applies meet.
    pub fn applies(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lists().applies.extend(faults);
    }

    /// What the next reads of keys and pages meet.
    pub fn reads(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lists().reads.extend(faults);
    }

    /// Holds commits before they are sent, until [`release`](Self::release).
    pub fn hold_commits(&self) {
        self.script.commits.hold(true);
    }

    /// Holds the answers to reads of keys and pages, as they were when they were asked for, until
    /// [`release`](Self::release).
    pub fn hold_reads(&self) {
        self.script.reads.hold(true);
    }

    /// Lets go what is held, and what is to come.
    pub fn release(&self) {
        self.script.commits.hold(false);
        self.script.reads.hold(false);
    }

    /// Returns once a call is held.
    pub async fn held(&self) {
        let Script { commits, reads, .. } = &*self.script;
        select(pin!(commits.wait()), pin!(reads.wait())).await;
    }

    /// Lets the [late](Fault::Late) commits arrive, in order; gives what became of each.
    pub async fn deliver(&self) -> Vec<Result<()>> {
        let late = std::mem::take(&mut self.script.lists().late);
        let mut answers = Vec::new();
        for (writer, commit) in late {
            answers.push(writer.commit(&commit).await);
        }
        answers
    }

    /// How many calls came so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.script.lists().calls
    }

    fn task<T: ?Sized>(&self, inner: Arc<T>) -> Arc<FaultyTask<T>> {
        Arc::new(FaultyTask { script: self.script.clone(), inner })
    }
}

#[derive(Debug)]
struct FaultyTask<T: ?Sized> {
    script: Arc<Script>,
    inner: Arc<T>,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Backend for Faulty {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let claim = self.inner.claim(task, owner, stores).await?;
        Ok(Claim::new(self.task(claim.writer), claim.checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        Ok(self.task(self.inner.read(task).await?))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.inner.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.inner.destroy(task).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: TaskReader + ?Sized> TaskReader for FaultyTask<T> {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let fault = {
            let mut lists = self.script.lists();
            lists.calls.gets += 1;
            lists.reads.pop_front()
        };
        let answer = Script::meet(fault, self.inner.get_many(keys)).await;
        self.script.reads.pass().await;
        answer
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let fault = {
            let mut lists = self.script.lists();
            lists.calls.scans += 1;
            lists.reads.pop_front()
        };
        let answer = Script::meet(fault, self.inner.scan(map, range, order, limit)).await;
        self.script.reads.pass().await;
        answer
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

    /// None: every read goes through the line.
    fn local(&self) -> Option<&dyn LocalReader> {
        None
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskWriter for FaultyTask<dyn TaskWriter> {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        self.script.commits.pass().await;
        let fault = {
            let mut lists = self.script.lists();
            lists.calls.commits += 1;
            let fault = lists.commits.pop_front();
            if fault == Some(Fault::Late) {
                lists.late.push((self.inner.clone(), commit.clone()));
            }
            fault
        };
        Script::meet(fault, self.inner.commit(commit)).await
    }

    async fn apply(&self) -> Result<()> {
        let fault = self.script.lists().applies.pop_front();
        Script::meet(fault, self.inner.apply()).await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
