//! The record of a task: the only thing that is compared and set.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Error, ErrorKind, Result,
    backend::{Checkpoint, Fence, OwnerId},
};

/// The version of the record's encoding.
const LAYOUT: u32 = 1;

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

/// A conditional change of the record, as one database statement can express it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an adapter must express every change")]
pub enum MetaChange {
    /// Makes the record, or replaces the fence and nothing else, if there is no record or its epoch is lower.
    Claim {
        /// The new fence.
        fence: Fence,
    },
    /// Replaces everything but the fence and the epoch of destruction, if the fence and the sequence number are these.
    Commit {
        /// The fence there must be.
        fence: Fence,
        /// The sequence number there must be.
        previous: u64,
        /// The new number.
        sequence: u64,
        /// The new mark, whose stamp is also the new highest one.
        pending: Pending,
        /// The new checkpoint.
        checkpoint: Bytes,
    },
    /// Removes the mark, if the fence and the sequence number are these.
    Clear {
        /// The fence there must be.
        fence: Fence,
        /// The sequence number there must be.
        sequence: u64,
    },
    /// Empties the record but for fence and stamps, if the fence is this: the task is destroyed.
    Destroy {
        /// The fence there must be.
        fence: Fence,
        /// The stamp up to which everything is to be removed, and the new highest one.
        wipe: i64,
    },
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

    /// The stored form, for databases that keep the record as one value.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = LAYOUT.to_be_bytes().to_vec();
        // Invariant: every field of the record has a form in JSON.
        bytes.extend(serde_json::to_vec(&Encoded::from(self)).expect("the record is valid JSON"));
        bytes.into()
    }

    /// Reads the stored form. `SchemaMismatch` for a newer version, `Corrupt` for anything unreadable.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let corrupt = || {
            let message = "the record of the task is damaged: restore it from a copy";
            Error::new(ErrorKind::Corrupt, message)
        };
        let (version, body) = bytes.split_first_chunk().ok_or_else(corrupt)?;
        let version = u32::from_be_bytes(*version);
        if version != LAYOUT {
            let message = format!(
                "the record of the task has layout version {version} and this program knows version {LAYOUT}: use \
                 the release that wrote it, or a newer one"
            );
            return Err(Error::new(ErrorKind::SchemaMismatch, message));
        }
        let encoded: Encoded =
            serde_json::from_slice(body).map_err(|error| corrupt().with_source(error))?;
        encoded.into_meta().ok_or_else(corrupt)
    }
}

/// The record in JSON, with bytes in hexadecimal.
#[derive(Serialize, Deserialize)]
struct Encoded {
    epoch: u64,
    owner: OwnerId,
    sequence: u64,
    stamp_hi: i64,
    destroyed: u64,
    wipe: Option<i64>,
    checkpoint: String,
    pending: Option<EncodedPending>,
}

#[derive(Serialize, Deserialize)]
struct EncodedPending {
    epoch: u64,
    attempt: Uuid,
    stamp: i64,
    inline: Option<String>,
    chunks: Option<(u32, u32)>,
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Bytes> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect::<Option<Vec<_>>>())?.map(Bytes::from)
}

impl From<&Meta> for Encoded {
    fn from(meta: &Meta) -> Self {
        let pending = meta.pending.as_ref().map(|Pending { log, stamp, body }| {
            let (inline, chunks) = match body {
                Body::Inline(bytes) => (Some(to_hex(bytes)), None),
                Body::Chunks { count, checksum } => (None, Some((*count, *checksum))),
            };
            let LogName { epoch, attempt } = *log;
            EncodedPending { epoch, attempt, stamp: *stamp, inline, chunks }
        });
        let Fence { epoch, owner } = meta.fence;
        Self {
            epoch,
            owner,
            sequence: meta.sequence,
            stamp_hi: meta.stamp_hi,
            destroyed: meta.destroyed,
            wipe: meta.wipe,
            checkpoint: to_hex(&meta.checkpoint),
            pending,
        }
    }
}

impl Encoded {
    fn into_meta(self) -> Option<Meta> {
        let pending = match self.pending {
            None => None,
            Some(EncodedPending { epoch, attempt, stamp, inline, chunks }) => {
                let body = match (inline, chunks) {
                    (Some(inline), None) => Body::Inline(from_hex(&inline)?),
                    (None, Some((count, checksum))) => Body::Chunks { count, checksum },
                    _ => return None,
                };
                Some(Pending { log: LogName { epoch, attempt }, stamp, body })
            }
        };
        Some(Meta {
            fence: Fence::new(self.epoch, self.owner),
            sequence: self.sequence,
            stamp_hi: self.stamp_hi,
            pending,
            destroyed: self.destroyed,
            wipe: self.wipe,
            checkpoint: from_hex(&self.checkpoint)?,
        })
    }
}

impl MetaChange {
    /// Whether the record is as the change demands.
    #[must_use]
    pub fn holds(&self, stored: Option<&Meta>) -> bool {
        match (self, stored) {
            (Self::Claim { .. }, None) => true,
            (Self::Claim { fence }, Some(meta)) => meta.fence.epoch < fence.epoch,
            (Self::Commit { fence, previous, .. }, Some(meta)) => {
                meta.fence == *fence && meta.sequence == *previous
            }
            (Self::Clear { fence, sequence }, Some(meta)) => {
                meta.fence == *fence && meta.sequence == *sequence
            }
            (Self::Destroy { fence, .. }, Some(meta)) => meta.fence == *fence,
            (_, None) => false,
        }
    }

    /// The record after the change; `stored` must be as the change demands.
    #[must_use]
    pub fn apply_to(&self, stored: Option<&Meta>) -> Meta {
        match (self, stored.cloned()) {
            (Self::Claim { fence }, None) => Meta::new(*fence),
            (Self::Claim { fence }, Some(meta)) => Meta { fence: *fence, ..meta },
            (Self::Commit { fence, sequence, pending, checkpoint, .. }, stored) => Meta {
                sequence: *sequence,
                stamp_hi: pending.stamp,
                pending: Some(pending.clone()),
                wipe: None,
                checkpoint: checkpoint.clone(),
                ..stored.unwrap_or_else(|| Meta::new(*fence))
            },
            (Self::Clear { fence, .. }, stored) => {
                Meta { pending: None, ..stored.unwrap_or_else(|| Meta::new(*fence)) }
            }
            (Self::Destroy { fence, wipe }, _) => Meta {
                stamp_hi: *wipe,
                destroyed: fence.epoch,
                wipe: Some(*wipe),
                ..Meta::new(*fence)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::{ProptestConfig, any, proptest};
    use uuid::Uuid;

    use super::{Body, LogName, Meta, Pending};
    use crate::{
        ErrorKind,
        backend::{Fence, OwnerId},
    };

    fn meta(body: Body) -> Meta {
        let log = LogName { epoch: 2, attempt: Uuid::from_u128(0xcd) };
        Meta {
            sequence: 5,
            stamp_hi: 77,
            pending: Some(Pending { log, stamp: 77, body }),
            destroyed: 1,
            wipe: Some(-3),
            checkpoint: Bytes::from_static(b"{}"),
            ..Meta::new(Fence::new(3, OwnerId::from_u128(0xab)))
        }
    }

    #[test]
    fn golden_bytes() {
        let golden = concat!(
            "\0\0\0\u{1}",
            r#"{"epoch":3,"owner":"00000000-0000-0000-0000-0000000000ab","sequence":5,"stamp_hi":77,"destroyed":1,"#,
            r#""wipe":-3,"checkpoint":"7b7d","pending":{"epoch":2,"attempt":"00000000-0000-0000-0000-0000000000cd","#,
            r#""stamp":77,"inline":"00ff","chunks":null}}"#
        );
        let inline = meta(Body::Inline(Bytes::from_static(b"\0\xff")));
        assert_eq!(std::str::from_utf8(&inline.encode()).unwrap(), golden);
        assert_eq!(Meta::decode(golden.as_bytes()).unwrap(), inline);
        let chunks = meta(Body::Chunks { count: 2, checksum: 9 });
        assert_eq!(Meta::decode(&chunks.encode()).unwrap(), chunks);
    }

    #[test]
    fn damage_is_an_error() {
        let good = meta(Body::Chunks { count: 2, checksum: 9 }).encode();
        for cut in 0..good.len() {
            assert_eq!(Meta::decode(&good[..cut]).unwrap_err().kind(), ErrorKind::Corrupt);
        }
        let newer = [&[0, 0, 0, 2], &good[4..]].concat();
        assert_eq!(Meta::decode(&newer).unwrap_err().kind(), ErrorKind::SchemaMismatch);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Meta::decode(&bytes);
            let _ = Meta::decode(&[&[0, 0, 0, 1], &bytes[..]].concat());
        }
    }
}
