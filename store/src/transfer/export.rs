//! Into a stream of bytes.

use std::io::Write;

use store_core::{Database, Result, backend::TaskId};

use super::{
    BATCH, Moved, Outcome, Progress, Report, Step,
    batch::Source,
    format::Encoder,
    read::{Claimed, Hashing},
};

/// Writes tasks into a stream of bytes, one after the other.
///
/// Memory is bounded by a batch. Writing blocks the thread: wrap a slow output in a buffer, or run it on a thread that may
/// wait. A stream that was not ended by [`finish`](Self::finish) is refused by every reader.
#[derive(Debug)]
pub struct Export<W> {
    encoder: Encoder<W>,
}

impl<W: Write + Send> Export<W> {
    /// Begins a stream.
    pub fn new(out: W) -> Result<Self> {
        Ok(Self { encoder: Encoder::new(out)? })
    }

    /// Claims a task, which fences its owner, and writes all that it holds.
    ///
    /// After an error, or a dropped future, the stream cannot be used any more. `NotFound` for a task never claimed,
    /// `Fenced` where a program claims it meanwhile.
    pub async fn task(
        &mut self,
        database: &Database,
        task: &TaskId,
        report: Report<'_>,
    ) -> Result<Moved> {
        let source = Claimed::claim(database, task).await?;
        self.encoder.task(task, &source.checkpoint)?;
        let total = Some(source.length().await?);
        let mut all = Hashing::new(source.pages(None), task, &source.checkpoint);
        let mut entries = 0;
        loop {
            let batch = all.next(BATCH).await?;
            if batch.entries.is_empty() {
                break;
            }
            self.encoder.entries(&batch.entries)?;
            entries += batch.entries.len() as u64;
            report(Progress { task, step: Step::Moving, entries, total });
        }
        source.check().await?;
        let content = all.finish();
        self.encoder.task_end(&content)?;
        source.close().await?;
        Ok(Moved::new(task, content, entries, Outcome::Moved))
    }

    /// Ends the stream, and gives back what it was written to, flushed.
    pub fn finish(self) -> Result<W> {
        self.encoder.end()
    }
}
