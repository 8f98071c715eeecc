//! Everything written since the last commit, plus offsets, as one.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;

use super::{Checkpoint, MapId};
use crate::merge::written;

/// The changes of a commit, by map in order.
pub type Changes = BTreeMap<MapId, MapChange>;

/// What a commit does to one map.
///
/// The types hold the invariants: a map is written or dropped, never both, and has at most one write per key, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a backend must handle every change")]
pub enum MapChange {
    /// The map is gone with all its entries, and may never have been there. Its segment is below the store's floor and is
    /// never written again.
    Drop,
    /// Keys are put (`Some`) or deleted (`None`).
    Write(BTreeMap<Bytes, Option<Put>>),
}

/// A value to be stored.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Put {
    /// The value; may be empty, which is not absent.
    pub value: Bytes,
    /// The indexed fields of the value that are there, for backends with search: a JSON object from the whole path of a field,
    /// dots included, to its value. None for a store without such fields, and on backends without search.
    pub fields: Option<Box<str>>,
}

impl Put {
    /// A value without indexed fields.
    #[must_use]
    pub const fn new(value: Bytes) -> Self {
        Self { value, fields: None }
    }
}

impl fmt::Debug for Put {
    /// The length only: values are data and stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Put({} bytes)", self.value.len())
    }
}

/// One commit: frozen, never changed, only ever sent with the same bytes under its sequence number.
#[non_exhaustive]
pub struct Commit {
    checkpoint: Checkpoint,
    encoded: Bytes,
    changes: Changes,
}

impl Commit {
    /// Freezes changes and the checkpoint they lead to, whose sequence is that of the commit.
    #[must_use]
    pub fn new(checkpoint: Checkpoint, changes: Changes) -> Self {
        let encoded = checkpoint.encode();
        Self { checkpoint, encoded, changes }
    }

    /// Its number: one above that of the commit before.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.checkpoint.sequence
    }

    /// The checkpoint it leaves.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The stored form of the checkpoint, which a backend keeps as it is and reads by [`Checkpoint::decode`].
    #[must_use]
    pub const fn encoded_checkpoint(&self) -> &Bytes {
        &self.encoded
    }

    /// The changes by map, in order.
    #[must_use]
    pub const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The write of one key, where this commit has one; a dropped map deletes all its keys.
    #[must_use]
    pub fn write(&self, map: MapId, key: &[u8]) -> Option<Option<&Put>> {
        written(&self.changes, map, key)
    }

    /// Puts and deletes, over all maps.
    #[must_use]
    pub fn len(&self) -> usize {
        let writes = |change: &MapChange| match change {
            MapChange::Drop => 0,
            MapChange::Write(writes) => writes.len(),
        };
        self.changes.values().map(writes).sum()
    }

    /// Whether it changes no map. It still moves offsets and checks the fence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit")
            .field("sequence", &self.sequence())
            .field("maps", &self.changes.len())
            .field("writes", &self.len())
            .finish()
    }
}
