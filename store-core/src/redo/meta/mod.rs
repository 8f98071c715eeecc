//! The record of a task: the only thing that is compared and set.

mod change;
mod encoding;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::change::MetaChange;
use crate::{
    Result,
    backend::{Checkpoint, Fence},
};

/// The record of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Meta {
    /// Who may commit.
    pub fence: Fence,
    /// The number of the last commit.
    pub sequence: u64,
    /// The highest stamp that any write decided so far may carry.
    pub stamp_hi: i64,
    /// The last commit, whose writes may not all be in the data yet.
    pub pending: Option<Pending>,
    /// The epoch at which the task was destroyed last; it is listed while its epoch is higher.
    pub destroyed: u64,
    /// Everything with this stamp or a lower one is to be removed before the task is used again.
    pub wipe: Option<i64>,
    /// The last checkpoint as stored; empty before the first commit.
    pub checkpoint: Bytes,
}

/// The mark of a decided commit: where its log is and with which stamp it is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pending {
    /// The log's name.
    pub log: LogName,
    /// The stamp of all its writes, whoever applies them.
    pub stamp: i64,
    /// Where the log's bytes are.
    pub body: Body,
}

/// A log's name: never used twice, so that a late chunk of one log cannot come into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogName {
    /// The epoch of its owner; logs are swept by it.
    pub epoch: u64,
    /// A random number of its own.
    pub attempt: Uuid,
}

/// Where a log's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "a reader must know every place")]
pub enum Body {
    /// In the record itself, for small commits.
    Inline(Bytes),
    /// In so many chunks, whose bytes one after the other have this CRC-32.
    Chunks {
        /// How many.
        count: u32,
        /// The checksum.
        checksum: u32,
    },
}

impl Pending {
    /// A mark, as an adapter reads it from columns of its own.
    #[must_use]
    pub const fn new(log: LogName, stamp: i64, body: Body) -> Self {
        Self { log, stamp, body }
    }
}

impl LogName {
    /// A name, as an adapter reads it from columns of its own.
    #[must_use]
    pub const fn new(epoch: u64, attempt: Uuid) -> Self {
        Self { epoch, attempt }
    }
}

impl Meta {
    /// The record of a task just claimed for the first time.
    #[must_use]
    pub const fn new(fence: Fence) -> Self {
        Self {
            fence,
            sequence: 0,
            stamp_hi: 0,
            pending: None,
            destroyed: 0,
            wipe: None,
            checkpoint: Bytes::new(),
        }
    }

    /// Whether the task is listed.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        self.fence.epoch > self.destroyed
    }

    /// The checkpoint, decoded.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        if self.checkpoint.is_empty() {
            return Ok(Checkpoint::default());
        }
        Checkpoint::decode(&self.checkpoint)
    }

    /// Whether another record means the same state for a reader.
    pub(super) fn same_state(&self, other: &Self) -> bool {
        let log = |meta: &Self| meta.pending.as_ref().map(|pending| pending.log);
        self.sequence == other.sequence
            && self.destroyed == other.destroyed
            && log(self) == log(other)
    }
}
