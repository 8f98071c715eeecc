//! What a versioned store is called, how it is encoded and how long it remembers.

use std::{sync::Arc, time::Duration};

use super::{ReadOnlyVersionedKeyValueStore, VersionedKeyValueStore};
use crate::{
    Result,
    backend::StoreSpec,
    codec::{Codec, Json, Key},
    event_time::Retention,
    maps::{Maps, ReadMaps},
    stores::{
        Definition, Kind,
        time::{self, Timed},
        typed::Typed,
    },
};

/// Names a versioned store, its types and how long superseded versions are kept; values are JSON unless said otherwise.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::{sync::Arc, time::Duration};
///
/// use store_core::{memory::MemoryBackend, prelude::*};
///
/// static RATES: VersionedKeyValue<String, u64> =
///     VersionedKeyValue::new("rates", Duration::from_secs(3600));
///
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?;
/// let task = database.task("shop", 0).store(&RATES).open().await?;
/// let rates = task.store(&RATES)?;
/// let key = "eur".to_owned();
/// assert_eq!(rates.put(&key, Some(&110), 1_000).await?, VersionedPut::Latest);
/// assert_eq!(rates.put(&key, Some(&90), 0).await?, VersionedPut::ValidTo(1_000));
/// let then = rates.get_as_of(&key, 999).await?;
/// assert_eq!(then, Some(VersionedRecord { value: 90, time: 0, valid_to: Some(1_000) }));
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
pub type VersionedKeyValue<K, V, C = Json, N = &'static str> =
    Definition<VersionedKeyValueKind, K, V, C, N>;

/// The kind `versioned`.
pub type VersionedKeyValueKind = Timed<Versions>;

/// Versions have no settings of their own.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Versions;

impl<K, V> Definition<VersionedKeyValueKind, K, V> {
    /// A store of versions, superseded ones kept for so long behind stream time: whole milliseconds, else opening the task
    /// is `InvalidArgument`.
    #[must_use]
    pub const fn new(name: &'static str, history: Duration) -> Self {
        Self::of(Timed::new(Versions, history), name)
    }
}

impl<K, V, C> Kind<K, V, C> for VersionedKeyValueKind
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    const NAME: &'static str = "versioned";
    type Store = Arc<dyn VersionedKeyValueStore<K, V>>;
    type Reader = Arc<dyn ReadOnlyVersionedKeyValueStore<K, V>>;

    fn describe(&self, spec: &mut StoreSpec) -> Result<()> {
        self.record(spec, Retention::new)
    }

    fn open(maps: Maps, codec: C) -> Self::Store {
        Arc::new(Typed::new(time::recorded(maps.spec(), Retention::new), maps, codec))
    }

    fn reader(maps: ReadMaps, codec: C) -> Self::Reader {
        Arc::new(Typed::new(time::recorded(maps.spec(), Retention::new), maps, codec))
    }
}

/// A versioned store knows its retention.
pub(super) type Store<M, K, V, C> = Typed<Retention, M, K, V, C>;
