//! The key-value store over its map.

use std::{borrow::Borrow, collections::BTreeMap};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{KeyValueKind, KeyValueStore, ReadOnlyKeyValueStore};
use crate::{
    Result,
    backend::{KeyRange, Order, Put},
    codec::{Codec, Key},
    maps::{Maps, ReadMaps, Writes},
    search::Query,
    stores::{Found, SearchableStore, Update, typed::Typed},
};

type Store<M, K, V, C> = Typed<KeyValueKind, M, K, V, C>;

impl<M, K, V, C> Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync,
    K: Key,
    V: Send + 'static,
    C: Codec<V>,
{
    fn entries(&self, range: KeyRange, order: Order) -> BoxStream<'static, Result<(K, V)>> {
        self.typed(self.read().scan(None, range, order))
    }

    fn typed(
        &self,
        entries: BoxStream<'static, Result<(Bytes, Bytes)>>,
    ) -> BoxStream<'static, Result<(K, V)>> {
        self.rows(entries, |codec, key, value| Ok((K::from_bytes(key)?, codec.decode(value)?)))
    }
}

#[async_trait]
impl<M, K, V, C> SearchableStore<K, V> for Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn search(&self, query: &Query) -> Result<Found<(K, V)>> {
        let (sequence, entries) = self.run(self.read().search(query)).await?;
        Ok(Found::new(sequence, self.typed(entries)))
    }
}

#[async_trait]
impl<M, K, V, C> ReadOnlyKeyValueStore<K, V> for Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn get(&self, key: &K) -> Result<Option<V>> {
        let get = async {
            let key = self.key(key)?;
            self.decode_at(&key, self.read().get(None, &key).await?)
        };
        self.run(get).await
    }

    async fn get_many(&self, keys: &[K]) -> Result<Vec<Option<V>>> {
        let get = async {
            let keys: Vec<_> =
                keys.iter().map(|key| Ok((None, self.key(key)?))).collect::<Result<_>>()?;
            let values = self.read().get_many(keys.clone()).await?;
            let entries = keys.iter().zip(values);
            entries.map(|((_, key), value)| self.decode_at(key, value)).collect()
        };
        self.run(get).await
    }

    fn range(
        &self,
        from: Option<K>,
        to: Option<K>,
        order: Order,
    ) -> BoxStream<'static, Result<(K, V)>> {
        match self.bounds(from, to) {
            Err(error) => self.failed(error),
            Ok(None) => stream::empty().boxed(),
            Ok(Some((from, to))) => self.entries(KeyRange::inclusive(from, to), order),
        }
    }

    fn prefix_bytes(&self, prefix: Bytes, order: Order) -> BoxStream<'static, Result<(K, V)>> {
        self.entries(KeyRange::prefix(prefix), order)
    }

    async fn approximate_len(&self) -> Result<u64> {
        self.run(self.read().approximate_len(None)).await
    }
}

impl<K: Key, V: Send + Sync + 'static, C: Codec<V>> Store<Maps, K, V, C> {
    /// Runs a change of one key under its lock: old value to new put, `None` for absent; inside `None` nothing changes.
    async fn change(
        &self,
        key: &K,
        change: impl FnOnce(Option<V>) -> Result<Option<Option<Put>>> + Send,
    ) -> Result<()> {
        let change = async {
            let key = self.key(key)?;
            let lock = self.maps.lock(key.clone()).await?;
            let old = self.decode_at(&key, self.maps.get(None, &key).await?)?;
            match change(old)? {
                Some(new) => lock.write(write(Writes::new(), key, new)).await.map(drop),
                None => Ok(()),
            }
        };
        self.run(change).await
    }
}

fn write(writes: Writes, key: Bytes, put: Option<Put>) -> Writes {
    match put {
        Some(put) => writes.put_indexed(None, key, put),
        None => writes.delete(None, key),
    }
}

#[async_trait]
impl<K, V, C> KeyValueStore<K, V> for Store<Maps, K, V, C>
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn put(&self, key: &K, value: &V) -> Result<()> {
        let put = async {
            let (key, value) = (self.key(key)?, self.encode_put(value)?);
            let writes = write(Writes::new(), key.clone(), Some(value));
            self.maps.write(key, writes).await.map(drop)
        };
        self.run(put).await
    }

    async fn delete(&self, key: &K) -> Result<Option<V>> {
        let mut deleted = None;
        let delete = |old| {
            deleted = old;
            Ok(deleted.is_some().then_some(None))
        };
        self.change(key, delete).await?;
        Ok(deleted)
    }

    async fn put_if_absent(&self, key: &K, value: &V) -> Result<Option<V>> {
        let value = self.encode_put(value).map_err(|error| self.named(error))?;
        let mut existing = None;
        let put = |old| {
            existing = old;
            Ok(existing.is_none().then_some(Some(value)))
        };
        self.change(key, put).await?;
        Ok(existing)
    }

    async fn put_all(&self, entries: Vec<(K, Option<V>)>) -> Result<()> {
        let put = async {
            let mut encoded = BTreeMap::new();
            for (key, value) in &entries {
                let put = value.as_ref().map(|value| self.encode_put(value)).transpose()?;
                encoded.insert(self.key(key)?, put);
            }
            if encoded.is_empty() {
                return Ok(());
            }
            let lock = self.maps.lock_all(encoded.keys().cloned().collect()).await?;
            let put = |writes, (key, value)| write(writes, key, value);
            lock.write(encoded.into_iter().fold(Writes::new(), put)).await.map(drop)
        };
        self.run(put).await
    }

    async fn update_boxed<'a>(&'a self, key: &'a K, update: Update<'a, V>) -> Result<()> {
        let change = |old: Option<V>| {
            let absent = old.is_none();
            let new = update(old).map(|new| self.encode_put(&new)).transpose()?;
            Ok((!absent || new.is_some()).then_some(new))
        };
        self.change(key, change).await
    }
}
