//! What a store is called and how it is encoded.

use std::{fmt, marker::PhantomData};

use serde::Serialize;

use super::indexed::{Indexed, Projection};
use crate::{
    Result,
    backend::StoreSpec,
    codec::{Codec, Json, Key},
    maps::{Maps, ReadDefinition, ReadMaps, StoreDefinition},
    search::FieldType,
};

/// What makes one kind of store out of a name, a key type and a codec of values.
///
/// The kinds of this crate differ by it. A kind of one's own may implement it too and get codecs, names and the read half
/// by [`Definition::of`], or implement [`StoreDefinition`] itself.
pub trait Kind<K, V, C>: Copy + fmt::Debug + Send + Sync {
    /// The kind as it is recorded.
    const NAME: &'static str;
    /// The version of its layout.
    const LAYOUT: u32 = 1;
    /// The opened store.
    type Store;
    /// Its read half.
    type Reader;

    /// Checks the settings and records them.
    fn describe(&self, spec: &mut StoreSpec) -> Result<()>;

    /// Builds the store; the maps know the recorded settings.
    fn open(maps: Maps, codec: C) -> Self::Store;

    /// Builds the read half.
    fn reader(maps: ReadMaps, codec: C) -> Self::Reader;

    /// Builds the store so that its puts carry the indexed fields: for kinds that are [`Indexable`].
    fn open_indexed(maps: Maps, codec: C, fields: Projection<V>) -> Self::Store {
        drop(fields);
        Self::open(maps, codec)
    }
}

/// A kind whose values can be searched by their fields: not cut by time, and one row for each key.
///
/// Such a kind builds its store in [`Kind::open_indexed`], and puts by [`Writes::put_indexed`](crate::Writes::put_indexed).
pub trait Indexable {}

/// Names a store with its types and settings; see [`KeyValue`](crate::KeyValue) and the other kinds.
///
/// Keys are `K`, values `V` in the codec `C`, JSON unless said otherwise. It is made at compile time, for a `static`, or
/// with a name made at run time by [`named`](Self::named). Whether name and settings are legal shows when the task is
/// opened.
pub struct Definition<T, K, V, C = Json, N = &'static str> {
    name: N,
    codec: C,
    pub(super) kind: T,
    indexed: Indexed<V>,
    types: PhantomData<fn() -> (K, V)>,
}

impl<T, K, V> Definition<T, K, V> {
    /// A store of this kind and name; each kind of this crate has a `new` of its own.
    #[must_use]
    pub const fn of(kind: T, name: &'static str) -> Self {
        Self { name, codec: Json, kind, indexed: Indexed::NONE, types: PhantomData }
    }
}

impl<T: Copy, K, V, C: Copy, N: Copy> Definition<T, K, V, C, N> {
    /// The same store with another codec of values.
    #[must_use]
    pub const fn values<D>(self, codec: D) -> Definition<T, K, V, D, N> {
        let Self { name, kind, indexed, .. } = self;
        Definition { name, codec, kind, indexed, types: PhantomData }
    }
}

impl<T, K, V, C, N> Definition<T, K, V, C, N> {
    /// The same store with a name made at run time; the codec is chosen before.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Definition<T, K, V, C, String> {
        let Self { codec, kind, indexed, .. } = self;
        Definition { name: name.into(), codec, kind, indexed, types: PhantomData }
    }
}

impl<T: Indexable, K, V: Serialize, C, N> Definition<T, K, V, C, N> {
    /// Indexes a field of the values, so that entries are found by it; at most [`MAX_INDEXED`](super::MAX_INDEXED) of them.
    ///
    /// - `path` is where serde has it in the value, dots between the names.
    /// - A value that has something else at this place, of another type, cannot be put: `InvalidArgument`. One that has
    ///   nothing there or null is put, and is not found by the field.
    /// - Only backends that can search look at fields.
    /// - Fields may be added and left out whenever the task is opened. What was put before is found by a new field once it is
    ///   put again: see [`reindex`](super::key_value::KeyValueStoreExt::reindex). A field keeps its type: `SchemaMismatch`.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use store_core::{KeyValue, search::FieldType};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Carrier {
    ///     name: String,
    ///     delay: Delay,
    /// }
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Delay {
    ///     mean: f64,
    /// }
    ///
    /// static CARRIERS: KeyValue<String, Carrier> = KeyValue::new("carriers")
    ///     .indexed("name", FieldType::Text)
    ///     .indexed("delay.mean", FieldType::Float);
    /// ```
    ///
    /// Kinds that are cut by time, and those with several rows for one key, are not searched:
    ///
    /// ```compile_fail,E0599
    /// use std::time::Duration;
    ///
    /// use store_core::{Window, search::FieldType};
    ///
    /// const HOUR: Duration = Duration::from_secs(3600);
    /// static COUNTS: Window<String, u64> = Window::new("counts", HOUR, HOUR).indexed("n", FieldType::Integer);
    /// ```
    #[must_use]
    pub const fn indexed(mut self, path: &'static str, kind: FieldType) -> Self {
        self.indexed = self.indexed.with(path, kind);
        self
    }
}

impl<T, K, V, C, N> StoreDefinition for Definition<T, K, V, C, N>
where
    T: Kind<K, V, C>,
    K: Key,
    V: 'static,
    C: Codec<V>,
    N: AsRef<str>,
{
    type Store = T::Store;

    fn spec(&self) -> Result<StoreSpec> {
        let name = self.name.as_ref().parse()?;
        let mut spec = StoreSpec::new(name, T::NAME, K::codec(), self.codec.name());
        spec.layout = T::LAYOUT;
        self.kind.describe(&mut spec)?;
        spec.fields = self.indexed.fields(&spec.name)?;
        Ok(spec)
    }

    fn open(&self, maps: Maps) -> Self::Store {
        match self.indexed.projection(&maps) {
            Some(fields) => T::open_indexed(maps, self.codec.clone(), fields),
            None => T::open(maps, self.codec.clone()),
        }
    }
}

impl<T, K, V, C, N> ReadDefinition for Definition<T, K, V, C, N>
where
    T: Kind<K, V, C>,
    K: Key,
    V: 'static,
    C: Codec<V>,
    N: AsRef<str> + Sync,
{
    type Reader = T::Reader;

    fn reader(&self, maps: ReadMaps) -> Self::Reader {
        T::reader(maps, self.codec.clone())
    }
}

impl<T: fmt::Debug, K, V, C: fmt::Debug, N: fmt::Debug> fmt::Debug for Definition<T, K, V, C, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definition")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("codec", &self.codec)
            .finish()
    }
}
