//! The redo-log protocol: exactly-once commits on a database that can compare and set one record, and nothing else.
//!
//! An adapter implements [`RedoTask`]; [`claim`], [`destroy`], [`RedoWriter`] and [`RedoReader`] do the rest.
//!
//! A commit is four steps: (1) its writes go into a log of their own, small ones into the record itself; (2) one
//! compare-and-set of the task's record ([`Meta`]) decides it: new sequence number and checkpoint, and a mark that names
//! the log; (3) the writes go into the data, all with the stamp the mark records, so that they lose against anything
//! later whenever they arrive; (4) the next commit's compare-and-set replaces the mark.
//!
//! The rules, and what goes wrong without each of them, shortest trace first:
//!
//! 1. A claim raises the epoch and changes nothing else, then reads the record *again*: a commit decided in between
//!    would be missed, or its stamps reused.
//! 2. Data are written only after the compare-and-set is known to be applied, with the recorded stamp, also by whoever
//!    finishes it: a zombie that writes with new stamps overwrites its successor.
//! 3. The next compare-and-set is sent when the commit before is applied: the record names one log, so an unfinished one
//!    would be forgotten.
//! 4. A log's name is never used again, and a log is removed by name, or by lower epoch once no mark names it: a late
//!    chunk, or a slow removal, would damage another commit's log.
//! 5. An unknown outcome is settled by sending the same bytes again or by a new claim, never by a read that does not
//!    find them: they may still arrive. A number once sent never gets other content under its epoch.
//! 6. A record that went back is `Corrupt`, not a gap: here the data do not go back with it.
//! 7. A reader lays the decided log over the data, and reads the record before and after. To everybody, what lies below
//!    a store's floor or is still to be wiped is absent, whatever is stored: a late write may have come in again.
//! 8. Destroying keeps epoch and stamps.
//! 9. After `max_apply_age` an owner reads the record again before it sends writes, and marks of deleted keys are kept
//!    much longer than that.
//! 10. What is applied is no larger, as a request, than what was taken as a chunk of the log: a write that is refused after
//!     the decision can never be applied, and nobody can claim the task again.

mod claim;
mod clock;
mod config;
mod floors;
mod log;
mod meta;
mod ownership;
mod primitives;
mod reader;
mod search;
mod step;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "toy"))]
pub mod toy;
mod writer;

pub use self::{
    claim::{claim, destroy},
    clock::{Clock, Lease, SystemClock},
    config::RedoConfig,
    meta::{Body, LogName, Meta, MetaChange, Pending},
    primitives::{RedoTask, Swap},
    reader::RedoReader,
    search::RedoSearcher,
    step::Step,
    writer::RedoWriter,
};

/// Feeds bytes to the log and to the record.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(bytes: &bytes::Bytes) {
    if let Ok(changes) = log::decode(bytes.clone()) {
        assert_eq!(log::decode(log::encode(&changes)).ok(), Some(changes));
    }
    if let Ok(meta) = Meta::decode(bytes) {
        assert_eq!(Meta::decode(&meta.encode()).ok(), Some(meta));
    }
}
