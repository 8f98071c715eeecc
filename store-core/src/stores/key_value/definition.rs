//! What a key-value store is called and how it is encoded.

use std::sync::Arc;

use super::{KeyValueStore, ReadOnlyKeyValueStore};
use crate::{
    Result,
    backend::StoreSpec,
    codec::{Codec, Json, Key},
    maps::{Maps, ReadMaps},
    stores::{Definition, Indexable, Kind, Projection, typed::Typed},
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
pub type KeyValue<K, V, C = Json, N = &'static str> = Definition<KeyValueKind, K, V, C, N>;

/// The kind `key_value`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct KeyValueKind;

impl Indexable for KeyValueKind {}

impl<K, V> Definition<KeyValueKind, K, V> {
    /// A key-value store of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self::of(KeyValueKind, name)
    }
}

impl<K, V, C> Kind<K, V, C> for KeyValueKind
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    const NAME: &'static str = "key_value";
    type Store = Arc<dyn KeyValueStore<K, V>>;
    type Reader = Arc<dyn ReadOnlyKeyValueStore<K, V>>;

    fn describe(&self, _spec: &mut StoreSpec) -> Result<()> {
        Ok(())
    }

    fn open(maps: Maps, codec: C) -> Self::Store {
        Arc::new(Typed::new(Self, maps, codec))
    }

    fn open_indexed(maps: Maps, codec: C, fields: Projection<V>) -> Self::Store {
        Arc::new(Typed::new(Self, maps, codec).indexing(fields))
    }

    fn reader(maps: ReadMaps, codec: C) -> Self::Reader {
        Arc::new(Typed::new(Self, maps, codec))
    }
}
