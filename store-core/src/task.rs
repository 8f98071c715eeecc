//! A claimed task: its stores, its commits.

use std::sync::Arc;

use crate::{
    Error, ErrorKind, Offsets, Result, Span, Unit,
    backend::{Capabilities, Checkpoint, TaskId},
    engine::Engine,
    maps::{Maps, StoreDefinition},
};

/// One partition of one application, claimed by us. A cheap clone; clones are the same task.
///
/// After a later claim by anybody no commit of this handle is accepted: the next one, or rollback, that finds out is
/// `Fenced`, and so is every call after it. Reads before that may answer from the new owner's commits. Give the task up,
/// and do not claim it again by yourself.
#[derive(Clone, Debug)]
pub struct Task {
    engine: Arc<Engine>,
}

impl Task {
    pub(crate) const fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Which task.
    #[must_use]
    pub fn id(&self) -> &TaskId {
        self.engine.task()
    }

    /// What its backend can do.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        self.engine.writer().capabilities()
    }

    /// A store that was named when the task was opened, else `NotFound`.
    pub fn store<D: StoreDefinition + ?Sized>(&self, definition: &D) -> Result<D::Store> {
        let wanted = definition.spec()?;
        let Some((number, spec)) = self.engine.store(wanted.name.as_str()) else {
            let message = format!(
                "store {} was not opened with task {}: name it before open()",
                wanted.name,
                self.id()
            );
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        spec.check(&wanted)?;
        Ok(definition.open(Maps::new(self.engine.clone(), number, spec)))
    }

    /// Commits everything written so far together with offsets; returns when it is durable and readable by all.
    ///
    /// - Offsets are merged into the stored ones. Nothing commits by itself.
    /// - Processing may go on meanwhile: later writes belong to the next commit.
    /// - Waits for open [units](Self::begin), so that it holds whole records.
    /// - After an error ask [`Error::effect`], which speaks of this call. Unless the kind is final (`Fenced`,
    ///   `SequenceGap`, `Corrupt`) the writes are kept: call again, which first sends the open commit again, or
    ///   [roll back](Self::rollback). After a rollback go on from the offsets of the [checkpoint](Self::checkpoint),
    ///   whatever earlier errors said.
    /// - A dropped future leaves the outcome unknown; the next commit or rollback settles it first.
    /// - An empty commit still checks that nobody claimed the task.
    pub async fn commit(&self, offsets: impl Into<Offsets>) -> Result<()> {
        self.engine.commit(offsets.into()).await
    }

    /// Throws away everything written since the last commit, after settling one of unknown outcome.
    ///
    /// Waits for open units. May be called again after a failure or a dropped future.
    pub async fn rollback(&self) -> Result<()> {
        self.engine.rollback().await
    }

    /// Opens a unit for one source record at a position or half-open range; `None` where it was processed before.
    ///
    /// For handlers that run concurrently and out of order: each record is processed in a unit, and a commit contains
    /// whole units with exactly their positions. Positions start at 0. Use [`commit`](Self::commit) with offsets
    /// where one handler works at a time.
    pub async fn begin(
        &self,
        source: impl Into<String> + Send,
        span: impl Into<Span> + Send,
    ) -> Result<Option<Unit>> {
        self.engine.begin(source.into(), span.into()).await
    }

    /// The checkpoint of the last commit.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        self.engine.committed()
    }

    /// Whether uncommitted writes have reached the soft limit.
    #[must_use]
    pub fn wants_commit(&self) -> bool {
        self.engine.wants_commit()
    }

    /// Bytes of buffered writes, those of a commit on its way included.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.engine.buffered_bytes()
    }

    /// Discards what is uncommitted and releases the task; later calls are `Closed`. The second call does nothing.
    ///
    /// A commit that is on its way in another call may still land.
    pub async fn close(&self) -> Result<()> {
        self.engine.close().await
    }
}
