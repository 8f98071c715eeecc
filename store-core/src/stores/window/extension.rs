//! Conveniences over any window store; not to be implemented.

use futures::stream::BoxStream;

use super::{ReadOnlyWindowStore, WindowStore, Windowed};
use crate::{Result, Written, backend::Order, codec::Key};

/// Conveniences for reading.
pub trait ReadOnlyWindowStoreExt<K: Key, V: Send + Sync + 'static>:
    ReadOnlyWindowStore<K, V>
{
    /// The windows of all keys that start from `from` to `to`, both inclusive, ordered as
    /// [`fetch_keys`](ReadOnlyWindowStore::fetch_keys) orders them.
    fn fetch_all(
        &self,
        from: i64,
        to: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(Windowed<K>, V)>> {
        self.fetch_keys(None, None, from, to, order)
    }

    /// All live windows, in the same order.
    fn all(&self, order: Order) -> BoxStream<'static, Result<(Windowed<K>, V)>> {
        self.fetch_all(i64::MIN, i64::MAX, order)
    }

    /// The start of the tumbling window that a time lies in, in milliseconds.
    fn window_of(&self, time: i64) -> i64 {
        time.saturating_sub(time.rem_euclid(self.size_ms().max(1)))
    }
}

impl<K, V, S> ReadOnlyWindowStoreExt<K, V> for S
where
    K: Key,
    V: Send + Sync + 'static,
    S: ReadOnlyWindowStore<K, V> + ?Sized,
{
}

/// Conveniences for writing.
pub trait WindowStoreExt<K: Key, V: Send + Sync + 'static>: WindowStore<K, V> {
    /// Replaces the value of a key in a window by what the closure makes of it; `None` is absent, on both sides.
    ///
    /// - A put at that time: it raises stream time, and gives [`Late`](Written::Late) where the window is not live; then
    ///   the closure, if it ran, ran for nothing.
    /// - No other operation on the key comes in between. The closure runs once, on the decoded value; if decoding or
    ///   encoding fails the old value stays.
    /// - `Unsupported` on a store with duplicates.
    fn update<'a>(
        &'a self,
        key: &'a K,
        start: i64,
        update: impl FnOnce(Option<V>) -> Option<V> + Send + 'a,
    ) -> impl Future<Output = Result<Written>> + Send + 'a {
        self.update_boxed(key, start, Box::new(update))
    }
}

impl<K, V, S> WindowStoreExt<K, V> for S
where
    K: Key,
    V: Send + Sync + 'static,
    S: WindowStore<K, V> + ?Sized,
{
}
