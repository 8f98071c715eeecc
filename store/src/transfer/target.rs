//! The side that state is brought into.

use std::sync::Arc;

use store_core::{
    Database, Error, ErrorKind, Result,
    backend::{
        Changes, Checkpoint, Commit, LastEntry, OwnerId, StoreSpec, TaskId, TaskWriter, Unfinished,
    },
};

use super::{
    Report, Step,
    batch::Batch,
    content::{ContentHash, TaskContent},
    read::{hash, specs},
};

/// A claimed task that state is brought into.
#[derive(Debug)]
pub(super) struct Target {
    database: Database,
    task: TaskId,
    writer: Arc<dyn TaskWriter>,
    /// What is committed here.
    checkpoint: Checkpoint,
}

/// What a target holds of the state that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing, and nothing else either.
    Nothing,
    /// The beginning of it.
    Part,
    /// By its checkpoint the whole of it.
    Whole,
    /// Something else.
    Other,
}

impl Target {
    /// Claims the task for these stores; changes nothing else.
    pub(super) async fn claim(
        database: &Database,
        task: &TaskId,
        source: &Checkpoint,
    ) -> Result<Self> {
        let (writer, checkpoint) = claim(database, task, &specs(source)).await?;
        let target = Self { database: database.clone(), task: task.clone(), writer, checkpoint };
        target.check_fields(source)?;
        Ok(target)
    }

    /// What it holds of the state that this checkpoint is of.
    pub(super) fn holds(&self, source: &Checkpoint) -> Holds {
        let here = &self.checkpoint;
        match &here.unfinished {
            Some(unfinished) if unfinished.source == digest(source) => Holds::Part,
            Some(_) => Holds::Other,
            None if numberless(here) == Checkpoint::default() => Holds::Nothing,
            None if numberless(here) == numberless(source) => Holds::Whole,
            None => Holds::Other,
        }
    }

    /// The last entry that came.
    pub(super) fn last(&self) -> Option<&LastEntry> {
        self.checkpoint.unfinished.as_ref()?.last.as_ref()
    }

    /// How many entries came.
    pub(super) fn entries(&self) -> u64 {
        self.checkpoint.unfinished.as_ref().map_or(0, |unfinished| unfinished.entries)
    }

    /// Why nothing is brought in where something else is.
    fn refusal(&self) -> Error {
        let Self { task, checkpoint, .. } = self;
        let message = if checkpoint.unfinished.is_some() {
            format!(
                "the target has an unfinished copy of another state of task {task}: replace it, or destroy it first"
            )
        } else {
            let sequence = checkpoint.sequence;
            format!(
                "the target has a task {task} already, at commit {sequence}: replace it, or destroy it first"
            )
        };
        Error::new(ErrorKind::InvalidArgument, message)
    }

    /// Prepares the task for what is to come; whether a part of it is here already.
    pub(super) async fn make_room(
        &mut self,
        holds: Holds,
        source: &Checkpoint,
        replace: bool,
    ) -> Result<bool> {
        match holds {
            Holds::Part => return Ok(true),
            Holds::Nothing => {}
            Holds::Whole | Holds::Other if replace => self.clear(source).await?,
            Holds::Whole | Holds::Other => return Err(self.refusal()),
        }
        self.begin(source).await?;
        Ok(false)
    }

    /// Removes what is here.
    async fn clear(&mut self, source: &Checkpoint) -> Result<()> {
        self.database.backend().destroy(&self.task).await?;
        (self.writer, self.checkpoint) = claim(&self.database, &self.task, &specs(source)).await?;
        Ok(())
    }

    /// Marks the task as unfinished, so that nobody takes what comes for all.
    async fn begin(&mut self, source: &Checkpoint) -> Result<()> {
        let mut next = self.next(source);
        next.unfinished = Some(Unfinished::new(digest(source)));
        self.commit(next, Changes::new()).await
    }

    /// Brings in some entries, all or none of them.
    pub(super) async fn write(&mut self, batch: Batch) -> Result<()> {
        self.check_limits(&batch)?;
        let mut next = self.next(&self.checkpoint);
        if let Some(unfinished) = &mut next.unfinished {
            unfinished.entries += batch.entries.len() as u64;
            unfinished.last = batch.last();
        }
        self.commit(next, batch.into_changes()).await
    }

    /// What is here, read again.
    pub(super) async fn content(&self, report: Report<'_>) -> Result<TaskContent> {
        hash(self.writer.clone(), &self.task, &self.checkpoint, Step::Checking, report).await
    }

    /// Makes the task whole. `Corrupt` where what is here is not what was sent.
    pub(super) async fn finish(
        &mut self,
        source: &Checkpoint,
        sent: &TaskContent,
        here: &TaskContent,
    ) -> Result<()> {
        if sent != here {
            let message = format!(
                "what came of task {} is not what was sent ({}): it stays unfinished; destroy it and begin anew",
                self.task,
                sent.differences(here).join(", ")
            );
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        let next = self.next(source);
        self.commit(next, Changes::new()).await
    }

    pub(super) async fn close(self) -> Result<()> {
        self.writer.close().await
    }

    /// A checkpoint with the next number of this side.
    fn next(&self, like: &Checkpoint) -> Checkpoint {
        let mut next = like.clone();
        next.sequence = self.checkpoint.sequence + 1;
        next
    }

    async fn commit(&mut self, checkpoint: Checkpoint, changes: Changes) -> Result<()> {
        let commit = Arc::new(Commit::new(checkpoint, changes));
        let told = |error: Error| error.context(format_args!("bring in task {}", self.task));
        self.writer.commit(&commit).await.map_err(told)?;
        self.writer.apply().await.map_err(told)?;
        self.checkpoint = commit.checkpoint().clone();
        Ok(())
    }

    fn check_limits(&self, batch: &Batch) -> Result<()> {
        let capabilities = self.writer.capabilities();
        let (max_key, max_value) = (capabilities.max_key_bytes, capabilities.max_value_bytes);
        let too_large = |(_, key, value): &&(_, bytes::Bytes, bytes::Bytes)| {
            key.len() > max_key || value.len() > max_value
        };
        let Some((map, key, value)) = batch.entries.iter().find(too_large) else { return Ok(()) };
        let message = format!(
            "an entry of {} and {} bytes in {map} of task {} is above the limits of {}, {max_key} and {max_value}",
            key.len(),
            value.len(),
            self.task,
            capabilities.backend,
        );
        Err(Error::new(ErrorKind::TooLarge, message))
    }

    /// Fields to search by are made where a program encodes values, and cannot be read back.
    fn check_fields(&self, source: &Checkpoint) -> Result<()> {
        let mut indexed = source.stores.values().filter(|store| !store.spec.fields.is_empty());
        match indexed.next() {
            Some(store) if self.writer.capabilities().search => {
                let name = &store.spec.name;
                let message = format!(
                    "store {name} of task {} has indexed fields, which only its program can make: let it rebuild the store",
                    self.task
                );
                Err(Error::new(ErrorKind::Unsupported, message))
            }
            _ => Ok(()),
        }
    }
}

async fn claim(
    database: &Database,
    task: &TaskId,
    specs: &[StoreSpec],
) -> Result<(Arc<dyn TaskWriter>, Checkpoint)> {
    let claim = database.backend().claim(task, OwnerId::random(), specs).await?;
    Ok((claim.writer, claim.checkpoint))
}

/// Which state a checkpoint is of: what an unfinished task says that it is a part of.
fn digest(checkpoint: &Checkpoint) -> String {
    ContentHash::from_bytes(*blake3::hash(&checkpoint.encode()).as_bytes()).to_string()
}

/// A checkpoint without the number of the commit, which is each side's own.
fn numberless(checkpoint: &Checkpoint) -> Checkpoint {
    let mut numberless = checkpoint.clone();
    numberless.sequence = 0;
    numberless
}
