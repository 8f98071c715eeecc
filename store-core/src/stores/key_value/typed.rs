//! Keys and values over maps of bytes.

use std::{borrow::Borrow, collections::BTreeMap, fmt, marker::PhantomData};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{KeyValueStore, ReadOnlyKeyValueStore, StateStore, Update};
use crate::{
    Error, Result,
    backend::{KeyRange, Order, StoreSpec},
    codec::{Codec, Key},
    maps::{Maps, ReadMaps, Writes},
};

/// The store over `Maps` (owner) or `ReadMaps` (reader).
pub(super) struct Typed<M, K, V, C> {
    maps: M,
    codec: C,
    types: PhantomData<fn() -> (K, V)>,
}

impl<M, K, V, C> Typed<M, K, V, C> {
    pub(super) const fn new(maps: M, codec: C) -> Self {
        Self { maps, codec, types: PhantomData }
    }
}

impl<M: Borrow<ReadMaps>, K: Key, V, C: Codec<V>> Typed<M, K, V, C> {
    fn read(&self) -> &ReadMaps {
        self.maps.borrow()
    }

    /// Says which store an error comes from.
    fn named(&self, error: Error) -> Error {
        error.context(format_args!("store {}", self.read().spec().name))
    }

    fn key(&self, key: &K) -> Result<Bytes> {
        let encoded = key.to_bytes().and_then(|key| self.read().check_key(&key).map(|()| key));
        encoded.map_err(|error| self.named(error))
    }

    fn encode(&self, value: &V) -> Result<Bytes> {
        self.codec.encode(value).map_err(|error| self.named(error))
    }

    fn decode(&self, value: Option<Bytes>) -> Result<Option<V>> {
        let value = value.map(|value| self.codec.decode(value));
        value.transpose().map_err(|error| self.named(error))
    }

    fn entries(&self, range: KeyRange, order: Order) -> BoxStream<'static, Result<(K, V)>>
    where
        V: Send + Sync + 'static,
    {
        let codec = self.codec.clone();
        let name = self.read().spec().name.clone();
        let entries = self.read().scan(None, range, order);
        let decoded = entries.map(move |entry| {
            let (key, value) = entry?;
            let decoded = K::from_bytes(&key).and_then(|key| Ok((key, codec.decode(value)?)));
            decoded.map_err(|error| error.context(format_args!("store {name}")))
        });
        decoded.boxed()
    }
}

impl<M, K, V, C> StateStore for Typed<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    fn spec(&self) -> &StoreSpec {
        self.read().spec()
    }
}

#[async_trait]
impl<M, K, V, C> ReadOnlyKeyValueStore<K, V> for Typed<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn get(&self, key: &K) -> Result<Option<V>> {
        let value = self.read().get(None, self.key(key)?).await;
        self.decode(value.map_err(|error| self.named(error))?)
    }

    async fn get_many(&self, keys: &[K]) -> Result<Vec<Option<V>>> {
        let keys = keys.iter().map(|key| Ok((None, self.key(key)?))).collect::<Result<_>>()?;
        let values = self.read().get_many(keys).await.map_err(|error| self.named(error))?;
        values.into_iter().map(|value| self.decode(value)).collect()
    }

    fn range(
        &self,
        from: Option<K>,
        to: Option<K>,
        order: Order,
    ) -> BoxStream<'static, Result<(K, V)>> {
        let bound = |key: Option<K>| key.map(|key| self.key(&key)).transpose();
        let range = bound(from).and_then(|from| Ok(KeyRange::inclusive(from, bound(to)?)));
        match range {
            Err(error) => stream::iter([Err(error)]).boxed(),
            Ok(range) if range.is_empty() => {
                tracing::warn!(store = %self.name(), "range with inverted bounds is empty");
                stream::empty().boxed()
            }
            Ok(range) => self.entries(range, order),
        }
    }

    fn prefix_bytes(&self, prefix: Bytes, order: Order) -> BoxStream<'static, Result<(K, V)>> {
        self.entries(KeyRange::prefix(prefix), order)
    }

    async fn approximate_len(&self) -> Result<u64> {
        self.read().approximate_len(None).await.map_err(|error| self.named(error))
    }
}

impl<K: Key, V, C: Codec<V>> Typed<Maps, K, V, C> {
    /// Runs a change of one key under its lock: old bytes to new ones; `None` inside writes nothing.
    async fn change(
        &self,
        key: &K,
        change: impl FnOnce(Option<Bytes>) -> Result<Option<Writes>> + Send,
    ) -> Result<()> {
        let key = self.key(key)?;
        let changed = async {
            let lock = self.maps.lock(key.clone()).await?;
            let old = self.maps.read().get(None, key).await?;
            match change(old)? {
                Some(writes) => lock.write(writes).await,
                None => Ok(()),
            }
        };
        changed.await.map_err(|error: Error| self.named(error))
    }

    async fn write(&self, key: Bytes, value: Option<Bytes>) -> Result<()> {
        let written = async {
            let lock = self.maps.lock(key.clone()).await?;
            lock.write(write(key, value)).await
        };
        written.await.map_err(|error: Error| self.named(error))
    }
}

fn write(key: Bytes, value: Option<Bytes>) -> Writes {
    match value {
        Some(value) => Writes::new().put(None, key, value),
        None => Writes::new().delete(None, key),
    }
}

#[async_trait]
impl<K, V, C> KeyValueStore<K, V> for Typed<Maps, K, V, C>
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn put(&self, key: &K, value: &V) -> Result<()> {
        self.write(self.key(key)?, Some(self.encode(value)?)).await
    }

    async fn delete(&self, key: &K) -> Result<Option<V>> {
        let mut deleted = None;
        let encoded = self.key(key)?;
        let delete = |old: Option<Bytes>| {
            let Some(old) = old else { return Ok(None) };
            deleted = Some(self.codec.decode(old)?);
            Ok(Some(write(encoded, None)))
        };
        self.change(key, delete).await?;
        Ok(deleted)
    }

    async fn put_if_absent(&self, key: &K, value: &V) -> Result<Option<V>> {
        let mut existing = None;
        let (encoded, value) = (self.key(key)?, self.encode(value)?);
        let put = |old: Option<Bytes>| match old {
            None => Ok(Some(write(encoded, Some(value)))),
            Some(old) => {
                existing = Some(self.codec.decode(old)?);
                Ok(None)
            }
        };
        self.change(key, put).await?;
        Ok(existing)
    }

    async fn put_all(&self, entries: Vec<(K, Option<V>)>) -> Result<()> {
        let mut encoded = BTreeMap::new();
        for (key, value) in &entries {
            let value = value.as_ref().map(|value| self.encode(value)).transpose()?;
            encoded.insert(self.key(key)?, value);
        }
        if encoded.is_empty() {
            return Ok(());
        }
        let written = async {
            let lock = self.maps.lock_all(encoded.keys().cloned().collect()).await?;
            let put = |writes: Writes, (key, value): (Bytes, Option<Bytes>)| match value {
                Some(value) => writes.put(None, key, value),
                None => writes.delete(None, key),
            };
            lock.write(encoded.into_iter().fold(Writes::new(), put)).await
        };
        written.await.map_err(|error: Error| self.named(error))
    }

    async fn update_boxed<'a>(&'a self, key: &'a K, update: Update<'a, V>) -> Result<()> {
        let encoded = self.key(key)?;
        let change = |old: Option<Bytes>| {
            let old = old.map(|old| self.codec.decode(old)).transpose()?;
            let absent = old.is_none();
            let new = update(old).map(|new| self.codec.encode(&new)).transpose()?;
            Ok((!absent || new.is_some()).then(|| write(encoded, new)))
        };
        self.change(key, change).await
    }
}

impl<M, K, V, C> fmt::Debug for Typed<M, K, V, C>
where
    M: Borrow<ReadMaps>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyValueStore").field("spec", self.maps.borrow().spec()).finish()
    }
}
