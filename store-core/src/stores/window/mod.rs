//! The window store: values by key and window start, gone once stream time has left them behind.
//!
//! - A window of a fixed size is named by its start; its end is `start + size`, saturating.
//! - A row is live while its start is above `T - retention`, `T` being stream time: the highest start put so far, whatever
//!   became of that put. What is not live is absent for every read and refused by every put, on every backend.
//! - A store with [duplicates](Window::duplicates) keeps every value put, in the order of the puts.
//!
//! Layout, version 1: a row lies in the segment of its start, under the encoded key (made to end by itself), the start (8
//! bytes, big-endian, sign bit flipped) and, with duplicates, an insertion number (8 bytes, big-endian).
//!
//! Calls to the backend, beside what is in the buffers: `get` 1 (with duplicates 1 scan); `fetch` a scan per live segment
//! it touches; `fetch_keys`, `fetch_all`, `all` a scan per live segment, over the rows of the keys asked for; `put` none;
//! `update` 1. A reader of somebody else's task adds 1, for stream time.

mod definition;
mod extension;
mod layout;
mod owner;
mod reader;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use self::{
    definition::{Window, WindowKind, Windows},
    extension::{ReadOnlyWindowStoreExt, WindowStoreExt},
};
use super::{StateStore, Update};
use crate::{Result, Written, backend::Order};

/// A key in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "what a window is")]
pub struct Windowed<K> {
    /// The key.
    pub key: K,
    /// The start of the window, inclusive, in milliseconds.
    pub start: i64,
    /// Its end, exclusive, in milliseconds.
    pub end: i64,
}

/// Reads a window store.
///
/// - Times are window starts in milliseconds; both ends of a range are inclusive and may be any `i64`. A range that is
///   inverted in time is empty.
/// - The owner's reads see its uncommitted writes; a reader of somebody else's task sees whole commits.
/// - Streams are fetched page by page in bounded memory. What is live is decided when a stream is first polled; writes
///   made meanwhile show or not, never as an error or a hole.
/// - `TooLarge` for an owner's key above the limit, `Encode` and `Decode` where a codec fails.
#[async_trait]
pub trait ReadOnlyWindowStore<K, V>: StateStore
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// The size of a window, in milliseconds.
    fn size_ms(&self) -> i64;

    /// The value of a key in the window that starts then; with duplicates the one put first.
    async fn get(&self, key: &K, start: i64) -> Result<Option<V>>;

    /// The windows of one key that start from `from` to `to`: starts and values in time order, duplicates in the order of
    /// their puts, or exactly mirrored.
    fn fetch(
        &self,
        key: &K,
        from: i64,
        to: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(i64, V)>>;

    /// The windows that start from `from` to `to`, of the keys from `from_key` to `to_key`, `None` for an open end.
    ///
    /// Segment by segment, inside a segment by key and then by start, or exactly mirrored. Inverted keys give an empty
    /// stream and a warning.
    fn fetch_keys(
        &self,
        from_key: Option<K>,
        to_key: Option<K>,
        from: i64,
        to: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(Windowed<K>, V)>>;
}

/// A window store of a claimed task.
///
/// - Operations on one key wait for each other, so that no pair loses a write.
/// - `InvalidArgument` for a window that starts before 0.
/// - Writes are buffered until the task commits. `BufferFull` at the hard memory limit, `TooLarge` for a value above the
///   limit: then nothing is written and stream time stays.
/// - A dropped future of a write has written nothing, unless it was done.
/// - Outside of units, a put that waits for room or for its key may be done after a rollback that began meanwhile; a rollback
///   waits for the puts of units.
#[async_trait]
pub trait WindowStore<K, V>: ReadOnlyWindowStore<K, V>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Sets the value of a key in the window that starts then; `None` deletes it.
    ///
    /// Raises stream time to the start, first and also where there is no value. A window that is not live by then is
    /// [`Late`](Written::Late): refused and [counted](Self::late_records). With duplicates the value is added, and `None`
    /// changes nothing.
    async fn put(&self, key: &K, start: i64, value: Option<&V>) -> Result<Written>;

    /// Sets or deletes a value by the old one; see [`WindowStoreExt::update`].
    async fn update_boxed<'a>(
        &'a self,
        key: &'a K,
        start: i64,
        update: Update<'a, V>,
    ) -> Result<Written>;

    /// How many puts were late since the task was opened, those of records that were rolled back included.
    fn late_records(&self) -> u64;
}

/// Feeds bytes to the layout.
#[cfg(feature = "fuzzing")]
pub(super) fn fuzz(bytes: &bytes::Bytes) {
    for duplicates in [false, true] {
        if let Ok(place) = layout::Place::decode(bytes, duplicates) {
            assert_eq!(place.encode().ok().as_ref(), Some(bytes));
        }
    }
}
