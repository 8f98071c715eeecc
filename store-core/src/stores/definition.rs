//! What a store is called and how it is encoded.

use std::{fmt, marker::PhantomData};

use crate::{
    Result,
    backend::StoreSpec,
    codec::{Codec, Json, Key},
    maps::{Maps, ReadDefinition, ReadMaps, StoreDefinition},
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
}

/// Names a store with its types and settings; see [`KeyValue`](crate::KeyValue) and the other kinds.
///
/// Keys are `K`, values `V` in the codec `C`, JSON unless said otherwise. It is made at compile time, for a `static`, or
/// with a name made at run time by [`named`](Self::named). Whether name and settings are legal shows when the task is
/// opened.
pub struct Definition<T, K, V, C = Json, N = &'static str> {
    name: N,
    codec: C,
    pub(super) kind: T,
    types: PhantomData<fn() -> (K, V)>,
}

impl<T, K, V> Definition<T, K, V> {
    /// A store of this kind and name; each kind of this crate has a `new` of its own.
    #[must_use]
    pub const fn of(kind: T, name: &'static str) -> Self {
        Self { name, codec: Json, kind, types: PhantomData }
    }
}

impl<T: Copy, K, V, C: Copy, N: Copy> Definition<T, K, V, C, N> {
    /// The same store with another codec of values.
    #[must_use]
    pub const fn values<D>(self, codec: D) -> Definition<T, K, V, D, N> {
        Definition { name: self.name, codec, kind: self.kind, types: PhantomData }
    }
}

impl<T, K, V, C, N> Definition<T, K, V, C, N> {
    /// The same store with a name made at run time; the codec is chosen before.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Definition<T, K, V, C, String> {
        Definition { name: name.into(), codec: self.codec, kind: self.kind, types: PhantomData }
    }
}

impl<T, K, V, C, N> StoreDefinition for Definition<T, K, V, C, N>
where
    T: Kind<K, V, C>,
    K: Key,
    C: Codec<V>,
    N: AsRef<str>,
{
    type Store = T::Store;

    fn spec(&self) -> Result<StoreSpec> {
        let name = self.name.as_ref().parse()?;
        let mut spec = StoreSpec::new(name, T::NAME, K::codec(), self.codec.name());
        spec.layout = T::LAYOUT;
        self.kind.describe(&mut spec)?;
        Ok(spec)
    }

    fn open(&self, maps: Maps) -> Self::Store {
        T::open(maps, self.codec.clone())
    }
}

impl<T, K, V, C, N> ReadDefinition for Definition<T, K, V, C, N>
where
    T: Kind<K, V, C>,
    K: Key,
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
