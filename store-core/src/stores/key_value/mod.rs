//! The key-value store: one ordered map of keys to values.
//!
//! Layout, version 1: the encoded key is the key of the store's only map, the encoded value its value.

mod definition;
mod extension;
mod store;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use self::{
    definition::{KeyValue, KeyValueKind},
    extension::{KeyValueStoreExt, ReadOnlyKeyValueStoreExt},
};
use super::{SearchableStore, Update};
use crate::{Result, backend::Order};

/// Reads a key-value store.
///
/// - Keys order as unsigned bytes of their encoding, a prefix before its extensions.
/// - The owner's reads see its uncommitted writes; a reader of somebody else's task sees whole commits.
/// - `TooLarge` for an owner's key above the limit, `Encode` and `Decode` where a codec fails; the store is unchanged.
#[async_trait]
pub trait ReadOnlyKeyValueStore<K, V>: SearchableStore<K, V>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// The value of a key.
    async fn get(&self, key: &K) -> Result<Option<V>>;

    /// The values of keys in the order asked, in at most one request to the backend.
    async fn get_many(&self, keys: &[K]) -> Result<Vec<Option<V>>>;

    /// The entries from `from` to `to`, both inclusive, `None` for an open end.
    ///
    /// Inverted bounds give an empty stream and a warning. The stream is fetched page by page in bounded memory; writes
    /// made meanwhile show or not, never as an error or a hole.
    fn range(
        &self,
        from: Option<K>,
        to: Option<K>,
        order: Order,
    ) -> BoxStream<'static, Result<(K, V)>>;

    /// The entries whose encoded key starts with these bytes; all for an empty prefix.
    fn prefix_bytes(&self, prefix: Bytes, order: Order) -> BoxStream<'static, Result<(K, V)>>;

    /// The number of committed entries, exact where the backend's capabilities say so. Where not (embedded), overwritten
    /// and deleted entries count until the files are compacted; count a scan to know.
    async fn approximate_len(&self) -> Result<u64>;
}

/// A key-value store of a claimed task.
///
/// - Operations on one key wait for each other, so that no pair loses a write.
/// - Writes are buffered until the task commits. `BufferFull` at the hard memory limit, with nothing written.
/// - `TooLarge` for a value above the limit; the old value stays.
/// - A dropped future of a write has written nothing, unless it was done.
/// - Outside of units, a put that waits for room or for its key may be done after a rollback that began meanwhile; a rollback
///   waits for the puts of units.
#[async_trait]
pub trait KeyValueStore<K, V>: ReadOnlyKeyValueStore<K, V>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Sets the value of a key.
    async fn put(&self, key: &K, value: &V) -> Result<()>;

    /// Deletes a key and gives its old value.
    async fn delete(&self, key: &K) -> Result<Option<V>>;

    /// Sets the value of an absent key; gives the existing value where there is one, which stays.
    async fn put_if_absent(&self, key: &K, value: &V) -> Result<Option<V>>;

    /// Sets or deletes (`None`) keys in order, all together or, after an error, none.
    async fn put_all(&self, entries: Vec<(K, Option<V>)>) -> Result<()>;

    /// Sets or deletes a key by its old value; see [`KeyValueStoreExt::update`].
    async fn update_boxed<'a>(&'a self, key: &'a K, update: Update<'a, V>) -> Result<()>;
}
