//! Conveniences over any session store; not to be implemented.

use futures::stream::BoxStream;

use super::{ReadOnlySessionStore, SessionStore, SessionWindow};
use crate::{Result, Written, backend::Order, codec::Key};

/// Conveniences for reading.
pub trait ReadOnlySessionStoreExt<K: Key, V: Send + Sync + 'static>:
    ReadOnlySessionStore<K, V>
{
    /// All live sessions of one key, by end, then by start, or exactly mirrored.
    fn fetch(&self, key: &K, order: Order) -> BoxStream<'static, Result<(SessionWindow, V)>> {
        self.find(key, i64::MIN, i64::MAX, order)
    }

    /// All live sessions, ordered as [`find_keys`](ReadOnlySessionStore::find_keys) orders them.
    fn all(&self, order: Order) -> BoxStream<'static, Result<(K, SessionWindow, V)>> {
        self.find_keys(None, None, i64::MIN, i64::MAX, order)
    }
}

impl<K, V, S> ReadOnlySessionStoreExt<K, V> for S
where
    K: Key,
    V: Send + Sync + 'static,
    S: ReadOnlySessionStore<K, V> + ?Sized,
{
}

/// Conveniences for writing.
pub trait SessionStoreExt<K: Key, V: Send + Sync + 'static>: SessionStore<K, V> {
    /// Merges an event with the sessions at most `gap_ms` milliseconds before or after it, inclusive.
    ///
    /// - The closure makes the value of the merged session of those found, by end and then by start; none where the event
    ///   begins a session. They are removed and the merged one is put, all together: no operation on the key comes in
    ///   between, and after a crash there are either all of the old ones or only the new one.
    /// - A put at the end of the merged session: it raises stream time, and gives [`Late`](Written::Late) where that is not
    ///   live; then the closure, if it ran, ran for nothing.
    /// - `InvalidArgument` for a gap below 0. The closure runs once; if decoding or encoding fails nothing changes.
    fn merge<'a>(
        &'a self,
        key: &'a K,
        event: SessionWindow,
        gap_ms: i64,
        merge: impl FnOnce(Vec<(SessionWindow, V)>) -> V + Send + 'a,
    ) -> impl Future<Output = Result<Written>> + Send + 'a {
        self.merge_boxed(key, event, gap_ms, Box::new(merge))
    }
}

impl<K, V, S> SessionStoreExt<K, V> for S
where
    K: Key,
    V: Send + Sync + 'static,
    S: SessionStore<K, V> + ?Sized,
{
}
