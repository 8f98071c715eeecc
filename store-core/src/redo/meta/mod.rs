//! The record of a task: the only thing that is compared and set.

mod change;
mod encoding;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

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
    /// A number of its own: the time at which the log was begun, and random bits.
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

    /// The name of a log that is begun at this time, in microseconds since 1970.
    pub(super) fn begun(epoch: u64, micros: i64) -> Self {
        let millis = u64::try_from(micros / 1000).unwrap_or_default();
        // Its random bits are where those of the new number are.
        let [_, _, _, _, _, _, random @ ..] = Uuid::new_v4().into_bytes();
        let attempt = Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self { epoch, attempt }
    }

    /// When the log was begun by the clock of its owner, in microseconds since 1970, to the millisecond; 0 where the name
    /// does not say.
    ///
    /// For databases whose deletes need a stamp: the chunks of a log and their removal may carry this one.
    #[must_use]
    pub fn begun_micros(self) -> i64 {
        let (seconds, nanos) = self.attempt.get_timestamp().map_or((0, 0), |time| time.to_unix());
        let micros = u128::from(seconds) * 1_000_000 + u128::from(nanos / 1000);
        i64::try_from(micros).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::LogName;

    #[test]
    fn the_name_of_a_log_says_when_it_was_begun_and_is_its_own() {
        let micros = 1_700_000_000_123_456;
        let [one, other] = [(); 2].map(|()| LogName::begun(7, micros));
        assert_ne!(one, other);
        assert_eq!((one.epoch, one.begun_micros()), (7, 1_700_000_000_123_000));
        assert_eq!(LogName::begun(7, -1).begun_micros(), 0);
        assert_eq!(LogName::new(7, Uuid::from_u128(9)).begun_micros(), 0);
    }
}
