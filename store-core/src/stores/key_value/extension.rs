//! Conveniences over any key-value store; not to be implemented.

use bytes::Bytes;
use futures::{TryStreamExt, stream::BoxStream};

use super::{KeyValueStore, ReadOnlyKeyValueStore};
use crate::{
    Result,
    backend::Order,
    codec::{Key, KeyPrefix},
};

/// Conveniences for reading.
pub trait ReadOnlyKeyValueStoreExt<K: Key, V: Send + Sync + 'static>:
    ReadOnlyKeyValueStore<K, V>
{
    /// All entries, ascending.
    fn all(&self) -> BoxStream<'static, Result<(K, V)>> {
        self.prefix_bytes(Bytes::new(), Order::Forward)
    }

    /// The entries whose key starts with a prefix: text for text keys, bytes for byte keys, leading parts for tuples.
    fn prefix<P: KeyPrefix<K> + ?Sized>(
        &self,
        prefix: &P,
        order: Order,
    ) -> Result<BoxStream<'static, Result<(K, V)>>> {
        Ok(self.prefix_bytes(prefix.prefix_bytes()?, order))
    }

    /// Whether the key is there.
    fn contains(&self, key: &K) -> impl Future<Output = Result<bool>> + Send {
        async { Ok(self.get(key).await?.is_some()) }
    }
}

impl<K, V, S> ReadOnlyKeyValueStoreExt<K, V> for S
where
    K: Key,
    V: Send + Sync + 'static,
    S: ReadOnlyKeyValueStore<K, V> + ?Sized,
{
}

/// Conveniences for writing.
pub trait KeyValueStoreExt<K: Key, V: Send + Sync + 'static>: KeyValueStore<K, V> {
    /// Replaces the value of a key by what the closure makes of it; `None` is absent, on both sides.
    ///
    /// No other operation on the key comes in between. The closure runs once, on the decoded value; if decoding or
    /// encoding fails the old value stays. An absent value that stays absent writes nothing.
    fn update<'a>(
        &'a self,
        key: &'a K,
        update: impl FnOnce(Option<V>) -> Option<V> + Send + 'a,
    ) -> impl Future<Output = Result<()>> + Send + 'a {
        self.update_boxed(key, Box::new(update))
    }

    /// As [`update`](Self::update), and gives what the closure gives beside the new value.
    fn modify<'a, R: Send + 'a>(
        &'a self,
        key: &'a K,
        modify: impl FnOnce(Option<V>) -> (Option<V>, R) + Send + 'a,
    ) -> impl Future<Output = Result<Option<R>>> + Send + 'a {
        async move {
            let mut given = None;
            let update = |old| {
                let (new, result) = modify(old);
                given = Some(result);
                new
            };
            self.update_boxed(key, Box::new(update)).await?;
            Ok(given)
        }
    }

    /// Puts up to `entries` entries again as they are, from a key on, so that they are found by fields that are indexed now
    /// and were not when they were put. Gives the key to go on from; `None` at the end.
    ///
    /// The puts are buffered like any others: commit between two calls.
    ///
    /// ```
    /// # use store_core::prelude::*;
    /// # use std::sync::Arc;
    /// # async fn f(task: &Task, carriers: Arc<dyn KeyValueStore<String, u64>>) -> Result<()> {
    /// let mut from = None;
    /// loop {
    ///     from = carriers.reindex(from, 1000).await?;
    ///     task.commit(Offsets::default()).await?;
    ///     if from.is_none() {
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn reindex(
        &self,
        from: Option<K>,
        entries: usize,
    ) -> impl Future<Output = Result<Option<K>>> + Send {
        async move {
            let mut rest = self.range(from, None, Order::Forward);
            let mut left = entries;
            while let Some((key, _)) = rest.try_next().await? {
                if left == 0 {
                    return Ok(Some(key));
                }
                left -= 1;
                // Whatever is there by now; what was deleted meanwhile stays absent.
                self.update(&key, |value| value).await?;
            }
            Ok(None)
        }
    }
}

impl<K, V, S> KeyValueStoreExt<K, V> for S
where
    K: Key,
    V: Send + Sync + 'static,
    S: KeyValueStore<K, V> + ?Sized,
{
}
