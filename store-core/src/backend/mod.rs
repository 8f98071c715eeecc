//! The waist: what an adapter implements.
//!
//! Bytes only. Whatever can be written once (buffers, merging, codecs, store kinds, limits, names) is above; an
//! adapter maps these few methods onto its database.

mod capabilities;
mod checkpoint;
mod commit;
mod packed;
mod range;
pub mod search;
mod spec;
mod task;
mod unfinished;

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use self::packed::Unpacked;
pub use self::{
    capabilities::Capabilities,
    checkpoint::{Checkpoint, StoreState},
    commit::{Changes, Commit, MapChange, Put},
    range::{KeyRange, Order, Page, PageLimit},
    search::{IndexedField, SearchPage, Searcher},
    spec::StoreSpec,
    task::{Fence, MAX_NAME_BYTES, MapId, Name, OwnerId, TaskId, TaskSummary},
    unfinished::{LastEntry, Unfinished},
};
pub use crate::merge::{Overlay, written};
use crate::{Error, ErrorKind, Result};

/// A database that keeps tasks.
///
/// - The last claim of a task wins and fences every earlier owner, whatever that owner does later.
/// - Tasks never see each other, nor foreign data in the same database. Names that differ by case are different.
/// - Several handles may be open on the same state, in one process or, where the database takes more, in several; all
///   methods may be called at once.
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
    /// - A task never seen before has the default checkpoint, and so has one that was destroyed, whose epochs go on.
    /// - `Fenced` where a later claim came before this one had ended.
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim>;

    /// Opens the task for reading what has been committed. Fences nobody, and makes nothing.
    ///
    /// - `NotFound` for a task never claimed, or destroyed and not claimed since. One without a commit is there, and empty.
    /// - The reader follows later commits. Once the task is destroyed each of its calls is `NotFound`, also when there is a
    ///   new task of this name.
    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>>;

    /// The application's tasks, by the number of their partition: those claimed, with a commit or without; destroyed ones
    /// are not among them.
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
/// Each answer is of one whole commit, and not of an older one than was acknowledged before the call, to whichever handle.
/// Two calls may answer from different commits. An owner that was fenced may go on reading; what it reads then counts for
/// nothing.
#[async_trait]
pub trait TaskReader: Debug + Send + Sync + 'static {
    /// What the backend can do; the same for all its tasks.
    fn capabilities(&self) -> &Capabilities;

    /// The values of keys of any maps, in the order asked, `None` for absent ones; as few round trips as possible.
    ///
    /// - The keys may be none, thousands, or the same one twice; all answers are of one commit.
    /// - A key that the backend could not store, such as one above its limit, is absent and no error.
    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>>;

    /// One page of `range` in key order.
    ///
    /// - Stateless: the caller goes on with [`KeyRange::after`] the page's `resume`, which lies in the range.
    /// - Ends with the entry that reaches the limit of entries or bytes, so that one above the limit comes all the same. A
    ///   page may end before, even empty, where it says where to go on: after many dead rows, for example.
    /// - An absent map is an empty one. An inverted range is an empty one, and its ends may be of any length.
    /// - Where the database gives ordered entries, [`Page::collect`] does all of it.
    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page>;

    /// The number of entries of a map, exact or not as the capabilities say; an inexact one may count overwritten and
    /// deleted entries until the database has cleaned up. 0 for an absent map.
    async fn approximate_len(&self, map: MapId) -> Result<u64>;

    /// The last checkpoint.
    async fn checkpoint(&self) -> Result<Checkpoint>;

    /// Searches values by field; there exactly where [`Capabilities::search`] says so.
    fn searcher(&self) -> Option<&dyn Searcher>;

    /// Reads without waiting, where the data are in this process: then the engine gathers no reads. A wrapper that
    /// forwards it lets such reads pass by; one that leaves it out sees them all.
    fn local(&self) -> Option<&dyn LocalReader> {
        None
    }
}

/// Asks for keys; `Corrupt` where not each of them is answered.
pub(crate) async fn ask<R: TaskReader + ?Sized>(
    reader: &R,
    keys: &[(MapId, Bytes)],
) -> Result<Vec<Option<Bytes>>> {
    let found = reader.get_many(keys).await?;
    if found.len() != keys.len() {
        let message = format!("asked for {} keys, got {}", keys.len(), found.len());
        return Err(Error::new(ErrorKind::Corrupt, message));
    }
    Ok(found)
}

/// Point reads that answer at once.
pub trait LocalReader: Debug + Send + Sync {
    /// The value of a key, as by [`TaskReader::get_many`].
    fn get(&self, map: MapId, key: &[u8]) -> Result<Option<Bytes>>;

    /// Whether a read costs much more than one of a table in memory, such as one of files: then the engine keeps copies
    /// of values, within its [`cache_bytes`](crate::EngineConfig::cache_bytes). They are kept in the memory that this and
    /// [`TaskReader::get_many`] give them in, so it must be no part of something larger, such as a block of a file.
    fn is_worth_caching(&self) -> bool {
        false
    }
}

/// The owner's side of a task.
#[async_trait]
pub trait TaskWriter: TaskReader {
    /// Decides the commit: durable with its checkpoint and fenced, or nothing at all.
    ///
    /// - Accepted only from the latest claim and on top of the sequence number before it, else `Fenced` or
    ///   `SequenceGap`. The fence is checked first: `Ok` for a number that is decided is for its owner only.
    /// - Sending the last decided number again is `Ok`; the caller only ever sends the same content under one number.
    /// - One without changes is checked and stored like any other. Deleting an absent key and dropping an absent map are
    ///   fine.
    /// - May be called while [`apply`](Self::apply) of the commit before is on its way; it is decided after that.
    /// - Dropping the future leaves the outcome unknown; the same commit is then sent again, maybe while the first call is
    ///   still being worked on.
    /// - An error's [`effect`](crate::Error::effect) is taken at its word. `NotApplied` promises that the commit did not
    ///   happen *and will not*: its number may then get other content. Where that is not known it is `Unknown`, and the same
    ///   commit comes again. After `Fenced`, `SequenceGap` and `Corrupt` the caller gives the task up.
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()>;

    /// Returns when reads of this writer see every decided commit. At once where [`commit`](Self::commit) does both.
    ///
    /// May be repeated after a failure or a dropped future.
    async fn apply(&self) -> Result<()>;

    /// Releases what the writer holds. Nothing is committed and nobody fenced. May be repeated; the writer may also be
    /// dropped without it.
    async fn close(&self) -> Result<()>;
}

#[cfg(test)]
fn _dyn_compatible(_: &dyn Backend, _: &dyn TaskReader, _: &dyn TaskWriter) {}
