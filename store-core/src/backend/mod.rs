//! The waist: what an adapter implements.
//!
//! Bytes only. Whatever can be written once (buffers, merging, codecs, store kinds, limits, names) is above; an
//! adapter maps these few methods onto its database.

mod capabilities;
mod checkpoint;
mod commit;
mod range;
mod search;
mod spec;
mod task;
mod unfinished;

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

pub use self::{
    capabilities::Capabilities,
    checkpoint::{Checkpoint, StoreState},
    commit::{Changes, Commit, MapChange, Put},
    range::{KeyRange, Order, Page, PageLimit},
    search::{SearchPage, Searcher},
    spec::{IndexedField, StoreSpec},
    task::{Fence, MAX_NAME_BYTES, MapId, Name, OwnerId, TaskId, TaskSummary},
    unfinished::{LastEntry, Unfinished},
};
use crate::Result;

/// A database that keeps tasks.
///
/// - The last claim of a task wins and fences every earlier owner, whatever that owner does later.
/// - Tasks never see each other, nor foreign data in the same database.
#[async_trait]
pub trait Backend: Debug + Send + Sync + 'static {
    /// Claims the task and returns its writer and last checkpoint.
    ///
    /// - Raises the stored epoch by one and records the owner, by one compare-and-set; changes nothing else with it.
    /// - A claim repeated by the same owner is not its own rival. An owner id is only used again to repeat a claim whose
    ///   outcome is unknown, never after a commit was sent under it.
    /// - Afterwards finishes a decided commit of the owner before, and discards an undecided one.
    /// - `stores` are those this owner will use, already checked against the recorded ones: for backends that prepare
    ///   something per store. [`Checkpoint::assign`] gives their numbers.
    /// - A task never seen before has the default checkpoint.
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim>;

    /// Opens the task for reading what has been committed. Fences nobody. `NotFound` for a task never claimed.
    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>>;

    /// The application's tasks, by partition; destroyed ones are not among them.
    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>>;

    /// Claims the task, then removes its maps and checkpoint; leaves the epoch behind, so that zombies stay fenced.
    ///
    /// `NotFound` for a task never claimed or already destroyed. May be repeated after any failure.
    async fn destroy(&self, task: &TaskId) -> Result<()>;
}

/// A claimed task.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// Writes it, until a later claim.
    pub writer: Arc<dyn TaskWriter>,
    /// What was committed last.
    pub checkpoint: Checkpoint,
}

impl Claim {
    /// A claimed task.
    #[must_use]
    pub const fn new(writer: Arc<dyn TaskWriter>, checkpoint: Checkpoint) -> Self {
        Self { writer, checkpoint }
    }
}

/// Reads the committed state of a task.
///
/// A reader that is not the owner sees commits whole: its answers are the state of the checkpoint it reports.
#[async_trait]
pub trait TaskReader: Debug + Send + Sync + 'static {
    /// What the backend can do; the same for all its tasks.
    fn capabilities(&self) -> &Capabilities;

    /// The values of keys of any maps, in the order asked, `None` for absent ones; as few round trips as possible.
    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>>;

    /// One page of `range` in key order.
    ///
    /// - Stateless: the caller goes on with [`KeyRange::after`] the page's `resume`.
    /// - At least one entry where there is one, however large; a short or empty page that says where to go on is legal.
    /// - An absent map is an empty one.
    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page>;

    /// The number of entries of a map, exact or not as the capabilities say; an inexact one may count overwritten and
    /// deleted entries until the database has cleaned up.
    async fn approximate_len(&self, map: MapId) -> Result<u64>;

    /// The last checkpoint.
    async fn checkpoint(&self) -> Result<Checkpoint>;

    /// Searches values by field, where the backend can.
    fn searcher(&self) -> Option<&dyn Searcher>;
}

/// The owner's side of a task.
#[async_trait]
pub trait TaskWriter: TaskReader {
    /// Decides the commit: durable with its checkpoint and fenced, or nothing at all.
    ///
    /// - Accepted only from the latest claim and on top of the sequence number before it, else `Fenced` or
    ///   `SequenceGap`.
    /// - Sending a decided number again is `Ok`; the caller only ever sends the same content under one number.
    /// - May be called while [`apply`](Self::apply) of the commit before is on its way; it is decided after that.
    /// - Dropping the future leaves the outcome unknown; the same commit is then sent again.
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()>;

    /// Returns when reads of this writer see every decided commit. At once where [`commit`](Self::commit) does both.
    ///
    /// May be repeated after a failure or a dropped future.
    async fn apply(&self) -> Result<()>;

    /// Releases what the writer holds. Nothing is committed. May be repeated.
    async fn close(&self) -> Result<()>;
}

#[cfg(test)]
fn _dyn_compatible(_: &dyn Backend, _: &dyn TaskReader, _: &dyn TaskWriter) {}
