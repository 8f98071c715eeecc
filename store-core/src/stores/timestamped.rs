//! The timestamped key-value store: each value with the time of the event that made it.
//!
//! Layout, version 1: as the key-value store; 8 bytes of time (big-endian, sign bit flipped) stand before the value.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Definition, Indexable, Kind, Projection,
    key_value::{KeyValueKind, KeyValueStore, ReadOnlyKeyValueStore},
    stamp::{STAMP_BYTES, stamp, unstamp},
    typed::Typed,
};
use crate::{
    Result,
    backend::StoreSpec,
    codec::{Codec, Json, Key},
    maps::{Maps, ReadMaps},
};

/// A value and the time of the event that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a pair")]
pub struct Timestamped<V> {
    /// The value.
    pub value: V,
    /// Milliseconds; any `i64`.
    pub time: i64,
}

impl<V> Timestamped<V> {
    /// A value at a time in milliseconds.
    #[must_use]
    pub const fn new(value: V, time: i64) -> Self {
        Self { value, time }
    }
}

/// Reads a timestamped key-value store: a [`ReadOnlyKeyValueStore`] of [`Timestamped`] values.
pub trait ReadOnlyTimestampedKeyValueStore<K, V>: ReadOnlyKeyValueStore<K, Timestamped<V>>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
}

impl<K, V, S> ReadOnlyTimestampedKeyValueStore<K, V> for S
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: ReadOnlyKeyValueStore<K, Timestamped<V>> + ?Sized,
{
}

/// A timestamped key-value store: a [`KeyValueStore`] of [`Timestamped`] values, with all it can do.
///
/// Times are kept, not judged: an older one replaces a newer one, and nothing expires.
pub trait TimestampedKeyValueStore<K, V>: KeyValueStore<K, Timestamped<V>>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
}

impl<K, V, S> TimestampedKeyValueStore<K, V> for S
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: KeyValueStore<K, Timestamped<V>> + ?Sized,
{
}

/// Names a timestamped key-value store and its types; values are JSON unless said otherwise.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::sync::Arc;
///
/// use store_core::{memory::MemoryBackend, prelude::*};
///
/// static PRICES: TimestampedKeyValue<String, u64> = TimestampedKeyValue::new("prices");
///
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?;
/// let task = database.task("shop", 0).store(&PRICES).open().await?;
/// let prices = task.store(&PRICES)?;
/// prices.put(&"tea".to_owned(), &Timestamped::new(7, 1_000)).await?;
/// assert_eq!(prices.get(&"tea".to_owned()).await?.map(|tea| tea.time), Some(1_000));
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
pub type TimestampedKeyValue<K, V, C = Json, N = &'static str> =
    Definition<TimestampedKeyValueKind, K, V, C, N>;

/// The kind `timestamped_key_value`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TimestampedKeyValueKind;

impl Indexable for TimestampedKeyValueKind {}

impl<K, V> Definition<TimestampedKeyValueKind, K, V> {
    /// A timestamped key-value store of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self::of(TimestampedKeyValueKind, name)
    }
}

impl<K, V, C> Kind<K, V, C> for TimestampedKeyValueKind
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    const NAME: &'static str = "timestamped_key_value";
    type Store = Arc<dyn TimestampedKeyValueStore<K, V>>;
    type Reader = Arc<dyn ReadOnlyTimestampedKeyValueStore<K, V>>;

    fn describe(&self, _spec: &mut StoreSpec) -> Result<()> {
        Ok(())
    }

    fn open(maps: Maps, codec: C) -> Self::Store {
        Arc::new(Typed::wrapping(KeyValueKind, maps, Stamped(codec), STAMP_BYTES))
    }

    fn open_indexed(maps: Maps, codec: C, fields: Projection<V>) -> Self::Store {
        let store = Typed::wrapping(KeyValueKind, maps, Stamped(codec), STAMP_BYTES);
        Arc::new(store.indexing(fields.inside(|row: &Timestamped<V>| &row.value)))
    }

    fn reader(maps: ReadMaps, codec: C) -> Self::Reader {
        Arc::new(Typed::wrapping(KeyValueKind, maps, Stamped(codec), STAMP_BYTES))
    }
}

/// The codec of values behind their time.
#[derive(Clone, Debug)]
struct Stamped<C>(C);

impl<V, C: Codec<V>> Codec<Timestamped<V>> for Stamped<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn encode(&self, value: &Timestamped<V>) -> Result<Bytes> {
        stamp(value.time, &self.0.encode(&value.value)?)
    }

    fn decode(&self, bytes: Bytes) -> Result<Timestamped<V>> {
        let (time, value) = unstamp(bytes)?;
        Ok(Timestamped::new(self.0.decode(value)?, time))
    }
}
