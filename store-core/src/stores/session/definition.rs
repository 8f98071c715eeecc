//! What a session store is called, how it is encoded and how long it remembers.

use std::{sync::Arc, time::Duration};

use super::{ReadOnlySessionStore, SessionStore};
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

/// Names a session store, its types and how long sessions are kept; values are JSON unless said otherwise.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::{sync::Arc, time::Duration};
///
/// use futures::TryStreamExt;
/// use store_core::{memory::MemoryBackend, prelude::*};
///
/// static VISITS: Session<String, u64> = Session::new("visits", Duration::from_secs(86_400));
/// const GAP_MS: i64 = 30_000;
///
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?;
/// let task = database.task("shop", 0).store(&VISITS).open().await?;
/// let visits = task.store(&VISITS)?;
/// let user = "ann".to_owned();
/// for time in [0, 60_000, 30_000] {
///     // The last click comes within the gap of both sessions before it and makes one of them.
///     let clicks = |found: Vec<(SessionWindow, u64)>| 1 + found.iter().map(|(_, n)| n).sum::<u64>();
///     visits.merge(&user, SessionWindow::new(time, time), GAP_MS, clicks).await?;
/// }
/// let all: Vec<_> = visits.all(Order::Forward).try_collect().await?;
/// assert_eq!(all, [(user, SessionWindow::new(0, 60_000), 3)]);
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
pub type Session<K, V, C = Json, N = &'static str> = Definition<SessionKind, K, V, C, N>;

/// The kind `session`.
pub type SessionKind = Timed<Sessions>;

/// Sessions have no settings of their own.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sessions;

impl<K, V> Definition<SessionKind, K, V> {
    /// A store of sessions, kept for so long behind stream time: whole milliseconds and at least one, else opening the
    /// task is `InvalidArgument`.
    #[must_use]
    pub const fn new(name: &'static str, retention: Duration) -> Self {
        Self::of(Timed::new(Sessions, retention), name)
    }
}

impl<K, V, C> Kind<K, V, C> for SessionKind
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    const NAME: &'static str = "session";
    type Store = Arc<dyn SessionStore<K, V>>;
    type Reader = Arc<dyn ReadOnlySessionStore<K, V>>;

    fn describe(&self, spec: &mut StoreSpec) -> Result<()> {
        time::positive(&spec.name, "retention", self.retention)?;
        self.record(spec, Retention::exclusive)
    }

    fn open(maps: Maps, codec: C) -> Self::Store {
        Arc::new(Typed::new(time::recorded(maps.spec(), Retention::exclusive), maps, codec))
    }

    fn reader(maps: ReadMaps, codec: C) -> Self::Reader {
        Arc::new(Typed::new(time::recorded(maps.spec(), Retention::exclusive), maps, codec))
    }
}

/// A session store knows its retention.
pub(super) type Store<M, K, V, C> = Typed<Retention, M, K, V, C>;
