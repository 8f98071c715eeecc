//! The side that state is read from.

use std::sync::Arc;

use async_trait::async_trait;
use store_core::{
    Database, Error, ErrorKind, Result,
    backend::{
        Checkpoint, LastEntry, OwnerId, PageLimit, StoreSpec, TaskId, TaskReader, TaskWriter,
    },
};

use super::{
    BATCH, Progress, Report, Step,
    batch::{Batch, Pages, Source, maps},
    content::{ContentHasher, TaskContent},
};

/// Reads all that a task holds, without claiming it. `Locked` where its owner commits meanwhile, or where a copy into it is
/// not finished; `NotFound` for a task never claimed.
pub async fn content(
    database: &Database,
    task: &TaskId,
    report: Report<'_>,
) -> Result<TaskContent> {
    let reader = database.backend().read(task).await?;
    let checkpoint = reader.checkpoint().await?;
    checkpoint.check_finished(task)?;
    let content = hash(reader.clone(), task, &checkpoint, Step::Checking, report).await?;
    if reader.checkpoint().await? == checkpoint {
        return Ok(content);
    }
    let message =
        format!("task {task} committed while it was read: stop its program and try again");
    Err(Error::new(ErrorKind::Locked, message))
}

/// A task claimed to be read.
#[derive(Debug)]
pub(super) struct Claimed {
    database: Database,
    task: TaskId,
    writer: Arc<dyn TaskWriter>,
    pub(super) checkpoint: Checkpoint,
    epoch: u64,
}

impl Claimed {
    /// Claims a task that is there and whole, which fences its owner.
    pub(super) async fn claim(database: &Database, task: &TaskId) -> Result<Self> {
        let reader = database.backend().read(task).await?;
        let before = reader.checkpoint().await?;
        before.check_finished(task)?;
        let claim = database.backend().claim(task, OwnerId::random(), &specs(&before)).await?;
        claim.checkpoint.check_finished(task)?;
        let mut claimed = Self {
            database: database.clone(),
            task: task.clone(),
            writer: claim.writer,
            checkpoint: claim.checkpoint,
            epoch: 0,
        };
        claimed.epoch = claimed.current_epoch().await?;
        Ok(claimed)
    }

    /// Its entries, or those behind the last one that is not wanted again.
    pub(super) fn pages(&self, after: Option<&LastEntry>) -> Pages {
        Pages::new(self.writer.clone(), &self.checkpoint, after)
    }

    /// All that it holds.
    pub(super) async fn content(&self, step: Step, report: Report<'_>) -> Result<TaskContent> {
        hash(self.writer.clone(), &self.task, &self.checkpoint, step, report).await
    }

    /// About how many entries it has.
    pub(super) async fn length(&self) -> Result<u64> {
        let mut length = 0;
        for map in maps(&self.checkpoint) {
            length += self.writer.approximate_len(map).await?;
        }
        Ok(length)
    }

    /// `Fenced` where somebody has claimed or changed the task since: what was read of it is then not one state.
    pub(super) async fn check(&self) -> Result<()> {
        if self.current_epoch().await? == self.epoch
            && self.writer.checkpoint().await? == self.checkpoint
        {
            return Ok(());
        }
        let message = format!(
            "task {} was claimed by somebody else while it was moved: stop its program, and see that source and \
             target are not one place",
            self.task
        );
        Err(Error::new(ErrorKind::Fenced, message))
    }

    pub(super) async fn close(self) -> Result<()> {
        self.writer.close().await
    }

    async fn current_epoch(&self) -> Result<u64> {
        let tasks = self.database.backend().tasks(&self.task.application).await?;
        let found = tasks.into_iter().find(|summary| summary.task == self.task);
        let gone = || {
            let message = format!("task {} was destroyed while it was moved", self.task);
            Error::new(ErrorKind::Fenced, message)
        };
        Ok(found.ok_or_else(gone)?.epoch)
    }
}

/// Entries that are taken into a hash as they come by.
pub(super) struct Hashing {
    source: Pages,
    hasher: ContentHasher,
}

impl Hashing {
    pub(super) fn new(source: Pages, task: &TaskId, checkpoint: &Checkpoint) -> Self {
        Self { source, hasher: ContentHasher::new(task.clone(), checkpoint.clone()) }
    }

    pub(super) fn finish(self) -> TaskContent {
        self.hasher.finish()
    }
}

#[async_trait]
impl Source for Hashing {
    async fn next(&mut self, limit: PageLimit) -> Result<Batch> {
        let batch = self.source.next(limit).await?;
        for (map, key, value) in &batch.entries {
            self.hasher.add(*map, key, value)?;
        }
        Ok(batch)
    }
}

/// The hash of all that a reader shows of a checkpoint.
pub(super) async fn hash(
    reader: Arc<dyn TaskReader>,
    task: &TaskId,
    checkpoint: &Checkpoint,
    step: Step,
    report: Report<'_>,
) -> Result<TaskContent> {
    let mut source = Hashing::new(Pages::new(reader, checkpoint, None), task, checkpoint);
    let mut entries = 0;
    loop {
        let batch = source.next(BATCH).await?;
        if batch.entries.is_empty() {
            return Ok(source.finish());
        }
        entries += batch.entries.len() as u64;
        report(Progress { task, step, entries, total: None });
    }
}

/// The stores that are recorded.
pub(super) fn specs(checkpoint: &Checkpoint) -> Vec<StoreSpec> {
    checkpoint.stores.values().map(|state| state.spec.clone()).collect()
}
