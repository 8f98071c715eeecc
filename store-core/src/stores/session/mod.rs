//! The session store: values by key and session, gone once stream time has left them behind.
//!
//! - A session is an interval of time, both ends inclusive, named by them: two sessions of a key with another start or end
//!   are two rows. Merging them is done by [`merge`](SessionStoreExt::merge), or by hand: find, remove, put.
//! - A row is live while its end is above `T - retention`, `T` being stream time: the highest end put so far, whatever
//!   became of that put. What is not live is absent for every read and refused by every put, on every backend.
//!
//! Layout, version 1: a row lies in the segment of its end, under the encoded key (made to end by itself), the end and the
//! start (8 bytes each, big-endian, sign bit flipped).
//!
//! Calls to the backend, beside what is in the buffers: `get` 1; `find` a scan per live segment from `earliest_end` on;
//! `find_keys`, `all` the same, over the rows of the keys asked for; `put`, `remove` none; `merge` as `find`. A reader of
//! somebody else's task adds 1, for stream time.

mod definition;
mod extension;
mod layout;
mod owner;
mod reader;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use self::{
    definition::{Session, SessionKind, Sessions},
    extension::{ReadOnlySessionStoreExt, SessionStoreExt},
};
use super::StateStore;
use crate::{Result, Written, backend::Order};

/// When a session was: from its first event to its last, both inclusive, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "what a session is")]
pub struct SessionWindow {
    /// The time of its first event, at least 0.
    pub start: i64,
    /// The time of its last event, at least `start`.
    pub end: i64,
}

impl SessionWindow {
    /// The session from `start` to `end`.
    #[must_use]
    pub const fn new(start: i64, end: i64) -> Self {
        Self { start, end }
    }
}

/// What [`SessionStore::merge_boxed`] takes: the value of the merged session, for those that it is merged from.
pub type Merge<'a, V> = Box<dyn FnOnce(Vec<(SessionWindow, V)>) -> V + Send + 'a>;

/// Reads a session store.
///
/// - Times are milliseconds and may be any `i64` in searches.
/// - The owner's reads see its uncommitted writes; a reader of somebody else's task sees whole commits.
/// - Streams are fetched page by page in bounded memory. What is live is decided when a stream is first polled; writes
///   made meanwhile show or not, never as an error or a hole. A merged session is another row than those it was merged
///   from: a stream may show both, or neither.
/// - `TooLarge` for an owner's key above the limit, `Encode` and `Decode` where a codec fails.
#[async_trait]
pub trait ReadOnlySessionStore<K, V>: StateStore
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// The value of exactly this session.
    async fn get(&self, key: &K, session: SessionWindow) -> Result<Option<V>>;

    /// The sessions of one key that end at `earliest_end` or later and start at `latest_start` or earlier.
    ///
    /// With `earliest_end <= latest_start` those that overlap the interval between; else those that cover both times.
    /// By end, then by start, or exactly mirrored.
    fn find(
        &self,
        key: &K,
        earliest_end: i64,
        latest_start: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(SessionWindow, V)>>;

    /// As [`find`](Self::find), of the keys from `from_key` to `to_key`, both inclusive, `None` for an open end.
    ///
    /// Segment by segment, inside a segment by key, end and start, or exactly mirrored. Inverted keys give an empty stream
    /// and a warning.
    fn find_keys(
        &self,
        from_key: Option<K>,
        to_key: Option<K>,
        earliest_end: i64,
        latest_start: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(K, SessionWindow, V)>>;
}

/// A session store of a claimed task.
///
/// - Operations on one key wait for each other, so that no pair loses a write.
/// - `InvalidArgument` for a session that starts before 0 or ends before its start.
/// - Writes are buffered until the task commits. `BufferFull` at the hard memory limit, `TooLarge` for a value above the
///   limit: then nothing is written and stream time stays.
/// - A dropped future of a write has written nothing, unless it was done.
/// - Outside of units, a put that waits for room or for its key may be done after a rollback that began meanwhile; a rollback
///   waits for the puts of units.
#[async_trait]
pub trait SessionStore<K, V>: ReadOnlySessionStore<K, V>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Sets the value of a session; `None` deletes it.
    ///
    /// Raises stream time to the end, first and also where there is no value. A session that is not live by then is
    /// [`Late`](Written::Late): refused and [counted](Self::late_records).
    async fn put(&self, key: &K, session: SessionWindow, value: Option<&V>) -> Result<Written>;

    /// Takes a session away; an absent or expired one is fine. Leaves stream time as it is.
    async fn remove(&self, key: &K, session: SessionWindow) -> Result<()>;

    /// Merges an event into the sessions it touches; see [`SessionStoreExt::merge`].
    async fn merge_boxed<'a>(
        &'a self,
        key: &'a K,
        event: SessionWindow,
        gap_ms: i64,
        merge: Merge<'a, V>,
    ) -> Result<Written>;

    /// How many puts and merges were late since the task was opened, those of records that were rolled back included.
    fn late_records(&self) -> u64;
}

/// Feeds bytes to the layout.
#[cfg(feature = "fuzzing")]
pub(super) fn fuzz(bytes: &bytes::Bytes) {
    if let Ok((key, session)) = layout::decode(bytes) {
        assert_eq!(layout::encode(&key, session).ok().as_ref(), Some(bytes));
    }
}
