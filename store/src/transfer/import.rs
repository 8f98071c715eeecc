//! Out of a stream of bytes.

use std::{collections::VecDeque, io::Read};

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Database, Error, ErrorKind, Result,
    backend::{Checkpoint, LastEntry, MapId, PageLimit, TaskId},
};

use super::{
    MoveOptions, Moved, Outcome, Progress, Report, Step,
    batch::{Batch, Source},
    content::TaskContent,
    copy::pump,
    format::{Decoder, Part},
    target::{Holds, Target},
};

/// Reads tasks out of a stream that [`Export`](super::Export) wrote.
///
/// Memory is bounded by a batch of the export. Reading blocks the thread. Each part is checked before it is used, and a
/// task becomes whole only after its end was read.
pub struct Import<R> {
    decoder: Decoder<R>,
}

impl<R: Read + Send> Import<R> {
    /// Reads the beginning. `InvalidArgument` for something else, `SchemaMismatch` for another version.
    pub fn new(input: R) -> Result<Self> {
        Ok(Self { decoder: Decoder::new(input)? })
    }

    /// Brings the next task into a database, under a claim; `None` at the end of the stream.
    ///
    /// As [`copy`](super::copy()) it goes on behind what an earlier call with the same export has left, and replaces other
    /// state only where it is told to. Then that state is gone before the whole task is known to be undamaged:
    /// [`inspect`](Self::inspect) the export first. `Corrupt` for a damaged export, whose task stays unfinished.
    pub async fn task(
        &mut self,
        database: &Database,
        options: &MoveOptions,
        report: Report<'_>,
    ) -> Result<Option<Moved>> {
        let Part::Task(task, checkpoint) = self.decoder.next()? else { return Ok(None) };
        let mut target = Target::claim(database, &task, &checkpoint).await?;
        let moved = self.bring(&mut target, &task, &checkpoint, options, report).await?;
        target.close().await?;
        Ok(Some(moved))
    }

    /// Reads the rest of the stream and gives what its tasks hold. `Corrupt` where anything is damaged or missing.
    pub fn inspect(mut self) -> Result<Vec<(TaskId, TaskContent)>> {
        let (mut tasks, mut current) = (Vec::new(), None);
        loop {
            match self.decoder.next()? {
                Part::Task(task, _) => current = Some(task),
                Part::Entries(..) => {}
                Part::TaskEnd(content) => tasks.extend(current.take().map(|task| (task, content))),
                Part::End => return Ok(tasks),
            }
        }
    }

    async fn bring(
        &mut self,
        target: &mut Target,
        task: &TaskId,
        checkpoint: &Checkpoint,
        options: &MoveOptions,
        report: Report<'_>,
    ) -> Result<Moved> {
        let holds = target.holds(checkpoint);
        let mut entries = Entries::new(&mut self.decoder, None);
        if holds == Holds::Whole {
            let here = target.content(report).await?;
            if entries.skip()? == here {
                return Ok(Moved::new(task, here, 0, Outcome::AlreadyThere));
            }
            let message = format!(
                "task {task} has other entries than the export under the same checkpoint: destroy it first"
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let part = target.make_room(holds, checkpoint, options.replace).await?;
        entries.after = target.last().cloned();
        let before = target.entries();
        let report_moving =
            |entries| report(Progress { task, step: Step::Moving, entries, total: None });
        pump(&mut entries, target, options.batch(), &report_moving).await?;
        let sent = entries.skip()?;
        let written = target.entries() - before;
        let here = target.content(report).await?;
        target.finish(checkpoint, &sent, &here).await?;
        let outcome = if part { Outcome::Resumed } else { Outcome::Moved };
        Ok(Moved::new(task, here, written, outcome))
    }
}

impl<R> std::fmt::Debug for Import<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").finish_non_exhaustive()
    }
}

/// The entries of the task that is being read.
struct Entries<'a, R> {
    decoder: &'a mut Decoder<R>,
    /// The last entry that is not wanted again.
    after: Option<LastEntry>,
    /// What was read and not given yet.
    waiting: VecDeque<(MapId, Bytes, Bytes)>,
    content: Option<TaskContent>,
}

impl<'a, R: Read> Entries<'a, R> {
    const fn new(decoder: &'a mut Decoder<R>, after: Option<LastEntry>) -> Self {
        Self { decoder, after, waiting: VecDeque::new(), content: None }
    }

    /// Reads some more; whether there is any.
    fn more(&mut self) -> Result<bool> {
        if self.content.is_some() {
            return Ok(false);
        }
        match self.decoder.next()? {
            Part::Entries(map, entries) => {
                let after = self.after.as_ref().map(|after| (after.map, &after.key));
                let wanted = entries.into_iter().filter(|(key, _)| after < Some((map, key)));
                self.waiting.extend(wanted.map(|(key, value)| (map, key, value)));
            }
            Part::TaskEnd(content) => self.content = Some(content),
            Part::Task(..) | Part::End => {
                let message = "the export has a task without an end";
                return Err(Error::new(ErrorKind::Corrupt, message));
            }
        }
        Ok(true)
    }

    /// Reads to the end of the task; what it holds.
    fn skip(&mut self) -> Result<TaskContent> {
        loop {
            if let Some(content) = self.content.take() {
                return Ok(content);
            }
            self.more()?;
            self.waiting.clear();
        }
    }
}

#[async_trait]
impl<R: Read + Send> Source for Entries<'_, R> {
    async fn next(&mut self, limit: PageLimit) -> Result<Batch> {
        let mut batch = Batch::default();
        while !limit.is_reached(batch.entries.len(), batch.bytes) {
            if let Some((map, key, value)) = self.waiting.pop_front() {
                batch.push(map, key, value);
            } else if !self.more()? {
                break;
            }
        }
        Ok(batch)
    }
}
