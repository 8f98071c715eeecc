//! What a key-value store is called and how it is encoded.

use std::{fmt, marker::PhantomData, sync::Arc};

use super::{KeyValueStore, ReadOnlyKeyValueStore, typed::Typed};
use crate::{
    Result,
    backend::StoreSpec,
    codec::{Codec, Json, Key},
    maps::{Maps, ReadDefinition, ReadMaps, StoreDefinition},
};

/// Names a key-value store and its types; values are JSON unless said otherwise.
///
/// ```
/// use store_core::KeyValue;
///
/// static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
///
/// use store_core::codec::Raw;
///
/// static PAGES: KeyValue<String, Vec<u8>, Raw> = KeyValue::new("pages").values(Raw);
/// ```
pub struct KeyValue<K, V, C = Json, N = &'static str> {
    name: N,
    codec: C,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> KeyValue<K, V> {
    /// A store of this name; whether the name is legal shows when the task is opened.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, codec: Json, types: PhantomData }
    }

    /// As [`new`](Self::new), with a name made at run time.
    #[must_use]
    pub const fn named(name: String) -> KeyValue<K, V, Json, String> {
        KeyValue { name, codec: Json, types: PhantomData }
    }
}

impl<K, V> KeyValue<K, V, Json, String> {
    /// The same store with another codec of values.
    #[must_use]
    pub fn values<D>(self, codec: D) -> KeyValue<K, V, D, String> {
        KeyValue { name: self.name, codec, types: PhantomData }
    }
}

impl<K, V, C: Copy> KeyValue<K, V, C> {
    /// The same store with another codec of values.
    #[must_use]
    pub const fn values<D>(self, codec: D) -> KeyValue<K, V, D> {
        KeyValue { name: self.name, codec, types: PhantomData }
    }
}

impl<K, V, C, N> StoreDefinition for KeyValue<K, V, C, N>
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
    N: AsRef<str>,
{
    type Store = Arc<dyn KeyValueStore<K, V>>;

    fn spec(&self) -> Result<StoreSpec> {
        let name = self.name.as_ref().parse()?;
        Ok(StoreSpec::new(name, "key_value", K::codec(), self.codec.name()))
    }

    fn open(&self, maps: Maps) -> Self::Store {
        Arc::new(Typed::new(maps, self.codec.clone()))
    }
}

impl<K, V, C, N> ReadDefinition for KeyValue<K, V, C, N>
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
    N: AsRef<str> + Sync,
{
    type Reader = Arc<dyn ReadOnlyKeyValueStore<K, V>>;

    fn reader(&self, maps: ReadMaps) -> Self::Reader {
        Arc::new(Typed::new(maps, self.codec.clone()))
    }
}

impl<K, V, C: fmt::Debug, N: fmt::Debug> fmt::Debug for KeyValue<K, V, C, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyValue").field("name", &self.name).field("codec", &self.codec).finish()
    }
}
