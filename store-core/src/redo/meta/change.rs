//! The conditional changes of the record.

use bytes::Bytes;

use super::{Meta, Pending};
use crate::backend::Fence;

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
    /// Removes the mark and the order to wipe, if the fence and the sequence number are these.
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
                Meta { pending: None, wipe: None, ..stored.unwrap_or_else(|| Meta::new(*fence)) }
            }
            (Self::Destroy { fence, wipe }, _) => Meta {
                stamp_hi: *wipe,
                destroyed: fence.epoch,
                wipe: Some(*wipe),
                ..Meta::new(*fence)
            },
        }
    }

    /// Whether a record shows that the change was made: where it does not, the change may still have been made before
    /// somebody else's.
    #[must_use]
    pub fn is_shown_by(&self, stored: &Meta) -> bool {
        match self {
            // Whoever came after us, another claim is ours to make.
            Self::Claim { .. } => true,
            Self::Commit { fence, sequence, pending, .. } => {
                stored.fence == *fence
                    && stored.sequence == *sequence
                    && stored.pending.as_ref().is_some_and(|there| there.log == pending.log)
            }
            Self::Clear { fence, sequence } => {
                stored.fence == *fence
                    && stored.sequence == *sequence
                    && stored.pending.is_none()
                    && stored.wipe.is_none()
            }
            Self::Destroy { fence, wipe } => stored.fence == *fence && stored.wipe == Some(*wipe),
        }
    }
}
