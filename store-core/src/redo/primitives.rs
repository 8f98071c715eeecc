//! What a database must be able to do: compare and set one record; the rest is plain writes.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Lease, LogName, Meta, MetaChange, RedoSearcher, Step};
use crate::{
    Result,
    backend::{Capabilities, Changes, KeyRange, MapId, Order, Page, PageLimit},
};

/// How a conditional change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol handles every end")]
pub enum Swap {
    /// The record is as the change makes it.
    Applied,
    /// The record was not as demanded, and this is how it is. Must be as binding as the change itself.
    Refused(Option<Meta>),
}

/// The primitives of one task in one database.
///
/// - Each may be repeated, may take effect after its future was dropped or timed out, and may do so more than once.
/// - An error with effect `NotApplied` says that it has not and will not, also not later; any other that it may. Kinds
///   other than `Timeout` and `Unavailable` imply `NotApplied`: say `Unknown` wherever that is not certain.
#[async_trait]
pub trait RedoTask: Debug + Send + Sync + 'static {
    /// What the database can do.
    fn capabilities(&self) -> &Capabilities;

    /// The record, read so that it shows every change acknowledged before.
    async fn load(&self) -> Result<Option<Meta>>;

    /// Changes the record if it is as the change demands: [`MetaChange::holds`] and [`MetaChange::apply_to`] say how.
    async fn swap(&self, change: &MetaChange) -> Result<Swap>;

    /// Writes one chunk of a log. Kept until it is cleared or swept: it never expires.
    async fn put_chunk(&self, log: LogName, index: u32, chunk: &Bytes) -> Result<()>;

    /// The chunks of a log, `None` for those that are not there.
    async fn read_chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>>;

    /// Removes a log by its name.
    async fn clear(&self, log: LogName) -> Result<()>;

    /// Removes the logs of lower epochs.
    async fn sweep(&self, below_epoch: u64) -> Result<()>;

    /// Writes changes into the data under one stamp; done when everything is acknowledged.
    ///
    /// A write loses against one of a higher stamp, whenever it comes; a delete leaves a mark that says so. Dropped maps
    /// are removed up to the stamp; what comes into one later is hidden by its store's floor. `lease` is checked before
    /// each request.
    async fn apply(&self, changes: &Changes, stamp: i64, lease: &Lease) -> Result<()>;

    /// Removes all data of the task up to the stamp, so that later writes of lower stamps lose, too.
    async fn wipe(&self, stamp: i64, lease: &Lease) -> Result<()>;

    /// The values of keys of any maps, in the order asked, every acknowledged write shown.
    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>>;

    /// One page of a map, every acknowledged write shown.
    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page>;

    /// The number of entries of a map, exact or not as the capabilities say.
    async fn approximate_len(&self, map: MapId) -> Result<u64>;

    /// The primitives of searches; there exactly where the capabilities say so.
    fn searcher(&self) -> Option<&dyn RedoSearcher> {
        None
    }

    /// Called at each step of the protocol: where crash tests stop. Drives the fail points of the same names.
    async fn reached(&self, step: Step) -> Result<()> {
        step.fail_point()
    }
}
