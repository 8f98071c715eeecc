//! The versioned key-value store: what a key was worth at any time not long ago.
//!
//! - A key has one version per time. It is valid from its own time to that of the next version, which may be a tombstone.
//!   Versions may come in any order; one put at the time of another replaces it.
//! - `T` is stream time: the highest time put or deleted so far, whatever became of that. A put or delete before
//!   `T - history` is refused. A read as of a time before `T - history` answers from the latest version only, which never
//!   expires.
//!
//! Layout, version 1: the latest version of a key, if it is no tombstone, lies in a map of its own, under the encoded key:
//! its time (8 bytes, big-endian, sign bit flipped) and its value. A superseded version lies in the segment of the time it
//! is valid to, under the encoded key (made to end by itself), that time and `00`: its own time, `01` and its value, or `00`
//! for a tombstone. A tombstone that is the latest version lies in the segment of its own time, under the encoded key, that
//! time and `01`, with an empty value, and expires with it.
//!
//! Calls to the backend, beside what is in the buffers: `get` 1; `get_as_of` 1 where the latest version answers, else a
//! scan per live segment from that time up to the one found, and 1 where the key's history begins later; `put`, `delete`
//! the same, and for a key without a live latest version a scan per live segment up to that time; `history` 1 and a scan
//! per live segment of the time asked for. A reader of somebody else's task adds 1 to what is as of a time.

mod chain;
mod definition;
mod history;
mod layout;
mod owner;
mod reader;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use self::definition::{VersionedKeyValue, VersionedKeyValueKind, Versions};
use super::StateStore;
use crate::{Result, backend::Order};

/// One version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "what a version is")]
pub struct VersionedRecord<V> {
    /// Its value.
    pub value: V,
    /// The time it is valid from, inclusive, in milliseconds.
    pub time: i64,
    /// The time it is valid to, exclusive, in milliseconds; none where it is the latest.
    pub valid_to: Option<i64>,
}

/// Where a version came to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nowhere else")]
pub enum VersionedPut {
    /// It is the latest version.
    Latest,
    /// It is valid to this time, when the next version begins.
    ValidTo(i64),
    /// It is older than the history: nothing was written, and the late record was counted.
    Late,
}

/// Reads a versioned store.
///
/// - Times are milliseconds, any `i64`.
/// - The owner's reads see its uncommitted writes; a reader of somebody else's task sees whole commits.
/// - `TooLarge` for an owner's key above the limit, `Encode` and `Decode` where a codec fails.
#[async_trait]
pub trait ReadOnlyVersionedKeyValueStore<K, V>: StateStore
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// The latest version by time, whenever it came; none where that is a tombstone.
    async fn get(&self, key: &K) -> Result<Option<VersionedRecord<V>>>;

    /// The version that was valid at a time; none where there was none, where it is a tombstone, and where the time is
    /// before the history, unless the latest version was valid then.
    async fn get_as_of(&self, key: &K, as_of: i64) -> Result<Option<VersionedRecord<V>>>;

    /// The versions that were valid at some time from `from` to `to`, both inclusive, within the history, tombstones left
    /// out; and the latest one where it begins by `to`. In time order or mirrored.
    ///
    /// `InvalidArgument` unless `from < to`. The stream is fetched page by page in bounded memory; writes made meanwhile
    /// show or not, never as an error or a hole.
    fn history(
        &self,
        key: &K,
        from: i64,
        to: i64,
        order: Order,
    ) -> BoxStream<'static, Result<VersionedRecord<V>>>;
}

/// A versioned store of a claimed task.
///
/// - Operations on one key wait for each other, so that no pair loses a write.
/// - A version and what it supersedes are written together: after a crash there is neither a gap nor a version twice.
/// - Writes are buffered until the task commits. `BufferFull` at the hard memory limit, `TooLarge` for a value above the
///   limit: then nothing is written and stream time stays.
/// - A dropped future of a write has written nothing, unless it was done.
#[async_trait]
pub trait VersionedKeyValueStore<K, V>: ReadOnlyVersionedKeyValueStore<K, V>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Puts a version, `None` for a tombstone; raises stream time first.
    async fn put(&self, key: &K, value: Option<&V>, time: i64) -> Result<VersionedPut>;

    /// Puts a tombstone and gives the version that was valid then, whose own time may be earlier.
    ///
    /// A time before the history changes nothing, is counted, and gives none, also where there is such a version.
    async fn delete(&self, key: &K, time: i64) -> Result<Option<VersionedRecord<V>>>;

    /// How many puts and deletes were late since the task was opened, those of records that were rolled back included.
    fn late_records(&self) -> u64;
}

/// Feeds bytes to the layout.
#[cfg(feature = "fuzzing")]
pub(super) fn fuzz(bytes: &bytes::Bytes) {
    if let Ok(version) = layout::Version::decode(bytes.clone()) {
        assert_eq!(version.encode().ok().as_ref(), Some(bytes));
    }
    let _ = layout::Version::decode_latest(bytes.clone());
    let _ = layout::At::decode(bytes);
}
