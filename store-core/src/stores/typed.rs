//! Typed keys and values over maps of bytes: what all kinds share.

use std::{borrow::Borrow, fmt, marker::PhantomData};

use bytes::Bytes;
use futures::{
    StreamExt, TryFutureExt,
    stream::{self, BoxStream},
};

use super::{Projection, StateStore};
use crate::{
    Error, Result,
    backend::{Put, StoreSpec},
    codec::{Codec, Key},
    maps::{Maps, ReadMaps},
};

/// A store: the settings of its kind, its maps (`Maps` for its owner, `ReadMaps` for a reader), its codecs.
pub(super) struct Typed<S, M, K, V, C> {
    pub(super) settings: S,
    pub(super) maps: M,
    codec: C,
    /// How many bytes the codec puts in front of what the user's own codec makes.
    layout_bytes: usize,
    /// Takes the indexed fields out of values; none where nobody searches by them.
    fields: Option<Projection<V>>,
    types: PhantomData<fn() -> (K, V)>,
}

impl<S, M, K, V, C> Typed<S, M, K, V, C> {
    pub(super) const fn new(settings: S, maps: M, codec: C) -> Self {
        Self::wrapping(settings, maps, codec, 0)
    }

    /// As [`new`](Self::new), with a codec that wraps the user's.
    pub(super) const fn wrapping(settings: S, maps: M, codec: C, layout_bytes: usize) -> Self {
        Self { settings, maps, codec, layout_bytes, fields: None, types: PhantomData }
    }

    /// The same store, whose puts carry the indexed fields of values.
    pub(super) fn indexing(self, fields: Projection<V>) -> Self {
        Self { fields: Some(fields), ..self }
    }
}

impl<S, M, K, V, C> StateStore for Typed<S, M, K, V, C>
where
    S: Send + Sync + 'static,
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    K: 'static,
    V: 'static,
    C: Send + Sync + 'static,
{
    fn spec(&self) -> &StoreSpec {
        self.maps.borrow().spec()
    }
}

impl<S, M, K, V, C> Typed<S, M, K, V, C>
where
    S: Send + Sync,
    M: Borrow<ReadMaps> + Send + Sync,
    K: Key,
    C: Codec<V>,
{
    pub(super) fn read(&self) -> &ReadMaps {
        self.maps.borrow()
    }

    /// Says which store an error comes from: once, where it leaves the store.
    pub(super) fn named(&self, error: Error) -> Error {
        self.read().named(error)
    }

    /// Runs an operation; an error says which store it comes from.
    pub(super) fn run<T>(
        &self,
        operation: impl Future<Output = Result<T>> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        operation.map_err(|error| self.named(error))
    }

    /// The bytes of a key that is not too long.
    pub(super) fn key(&self, key: &K) -> Result<Bytes> {
        let key = key.to_bytes()?;
        self.read().check_key(&key)?;
        Ok(key)
    }

    /// The bytes of the ends of a range of keys; none where it is inverted, with a warning.
    pub(super) fn bounds(
        &self,
        from: Option<K>,
        to: Option<K>,
    ) -> Result<Option<(Option<Bytes>, Option<Bytes>)>> {
        let bound = |key: Option<K>| key.map(|key| self.key(&key)).transpose();
        let (from, to) = (bound(from)?, bound(to)?);
        if from.as_ref().zip(to.as_ref()).is_some_and(|(from, to)| from > to) {
            tracing::warn!(store = %self.read().spec().name, "a range of inverted keys is empty");
            return Ok(None);
        }
        Ok(Some((from, to)))
    }

    /// The value of bytes.
    pub(super) fn decode(&self, value: Bytes) -> Result<V> {
        self.codec.decode(value)
    }

    pub(super) fn decode_option(&self, value: Option<Bytes>) -> Result<Option<V>> {
        value.map(|value| self.decode(value)).transpose()
    }

    /// As [`decode_option`](Self::decode_option), for who cannot tell otherwise which key an error is about.
    pub(super) fn decode_at(&self, key: &[u8], value: Option<Bytes>) -> Result<Option<V>> {
        self.decode_option(value).map_err(|error| at(key, error))
    }

    /// A stream of nothing but an error.
    pub(super) fn failed<R: Send + 'static>(&self, error: Error) -> BoxStream<'static, Result<R>> {
        stream::iter([Err(self.named(error))]).boxed()
    }

    /// The rows of scanned entries; an error names the stored key.
    pub(super) fn rows<R: Send + 'static>(
        &self,
        entries: BoxStream<'static, Result<(Bytes, Bytes)>>,
        row: impl Fn(&C, &Bytes, Bytes) -> Result<R> + Send + 'static,
    ) -> BoxStream<'static, Result<R>> {
        self.decoded(entries, move |codec, (key, value)| {
            row(codec, &key, value).map_err(|error| at(&key, error))
        })
    }

    /// What is made of a stream of bytes; an error says which store it comes from.
    pub(super) fn decoded<B: Send + 'static, R: Send + 'static>(
        &self,
        stream: BoxStream<'static, Result<B>>,
        decode: impl Fn(&C, B) -> Result<R> + Send + 'static,
    ) -> BoxStream<'static, Result<R>> {
        let codec = self.codec.clone();
        let maps = self.read().clone();
        let decoded = stream.map(move |bytes| {
            let decoded = bytes.and_then(|bytes| decode(&codec, bytes));
            decoded.map_err(|error| maps.named(error))
        });
        decoded.boxed()
    }
}

impl<S: Send + Sync, K: Key, V, C: Codec<V>> Typed<S, Maps, K, V, C> {
    /// The bytes of a value that is not too large.
    pub(super) fn encode(&self, value: &V) -> Result<Bytes> {
        let value = self.codec.encode(value)?;
        self.maps.check_value(&value[self.layout_bytes..])?;
        Ok(value)
    }

    /// The put of a value that is not too large, with its indexed fields.
    pub(super) fn encode_put(&self, value: &V) -> Result<Put>
    where
        V: 'static,
    {
        let put = Put::new(self.encode(value)?);
        match &self.fields {
            Some(fields) => fields.add(value, put),
            None => Ok(put),
        }
    }

    pub(super) fn encode_option(&self, value: Option<&V>) -> Result<Option<Bytes>> {
        value.map(|value| self.encode(value)).transpose()
    }
}

/// Says what an error is about: the beginning of the encoded key.
fn at(key: &[u8], error: Error) -> Error {
    const SHOWN: usize = 100;
    let more = if key.len() > SHOWN { "…" } else { "" };
    error.context(format_args!("key {}{more}", key[..key.len().min(SHOWN)].escape_ascii()))
}

impl<S, M: Borrow<ReadMaps>, K, V, C> fmt::Debug for Typed<S, M, K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("spec", self.maps.borrow().spec()).finish()
    }
}
