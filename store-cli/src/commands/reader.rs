//! A store of a task that somebody else may own, read on its stored bytes.

use std::{ops::Bound, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, future::ready, stream::BoxStream};
use store::{
    Database, Error, ErrorKind, Order, Result,
    backend::{KeyRange, StoreSpec, TaskId},
    codec::Raw,
    stores::{
        Kind,
        key_value::{KeyValueKind, ReadOnlyKeyValueStore},
        session::{ReadOnlySessionStore, SessionKind},
        timestamped::{ReadOnlyTimestampedKeyValueStore, TimestampedKeyValueKind},
        versioned::{ReadOnlyVersionedKeyValueStore, VersionedKeyValueKind},
        window::{ReadOnlyWindowStore, WindowKind},
    },
};

use super::line::Line;
use crate::names;

pub(super) struct Reader {
    task: TaskId,
    pub(super) spec: StoreSpec,
    store: Store,
}

enum Store {
    KeyValue(Arc<dyn ReadOnlyKeyValueStore<Bytes, Bytes>>),
    Timestamped(Arc<dyn ReadOnlyTimestampedKeyValueStore<Bytes, Bytes>>),
    Window(Arc<dyn ReadOnlyWindowStore<Bytes, Bytes>>),
    Session(Arc<dyn ReadOnlySessionStore<Bytes, Bytes>>),
    Versioned(Arc<dyn ReadOnlyVersionedKeyValueStore<Bytes, Bytes>>),
}

/// The version of the layouts of all kinds.
const LAYOUT: u32 = 1;

/// Which keys are listed.
pub(super) enum Keys {
    Prefix(Bytes),
    /// Both inclusive.
    Between(Option<Bytes>, Option<Bytes>),
}

impl Reader {
    pub(super) async fn open(database: &Database, id: &TaskId, store: &str) -> Result<Self> {
        let task = database.read(id.application.as_str(), id.partition).await?;
        let maps = task.maps(store).await?;
        let spec = maps.spec().clone();
        if spec.layout != LAYOUT {
            let what = "its layout is one that this release does not know";
            return Err(unsupported(id, &spec, what));
        }
        let store = match &*spec.kind {
            names::KEY_VALUE => Store::KeyValue(KeyValueKind::reader(maps, Raw)),
            names::TIMESTAMPED => Store::Timestamped(TimestampedKeyValueKind::reader(maps, Raw)),
            names::WINDOW => Store::Window(WindowKind::reader(maps, Raw)),
            names::SESSION => Store::Session(SessionKind::reader(maps, Raw)),
            names::VERSIONED => Store::Versioned(VersionedKeyValueKind::reader(maps, Raw)),
            _ => return Err(unsupported(id, &spec, "only the program that made it can read it")),
        };
        Ok(Self { task: id.clone(), spec, store })
    }

    /// The row of a key, of stores that have one.
    pub(super) async fn get(&self, key: Bytes) -> Result<Option<Line>> {
        let line = |value| Line::new(&self.spec, key.clone(), value);
        Ok(match &self.store {
            Store::KeyValue(store) => store.get(&key).await?.map(line),
            Store::Timestamped(store) => {
                store.get(&key).await?.map(|found| line(found.value).at(found.time))
            }
            Store::Versioned(store) => {
                store.get(&key).await?.map(|found| line(found.value).at(found.time))
            }
            Store::Window(_) => {
                return Err(
                    self.unsupported("scan lists it, window_get of the shell reads one row")
                );
            }
            Store::Session(_) => {
                return Err(
                    self.unsupported("scan lists it, session_get of the shell reads one row")
                );
            }
        })
    }

    /// The rows of a range of keys.
    pub(super) fn scan(
        &self,
        keys: Keys,
        order: Order,
    ) -> Result<BoxStream<'static, Result<Line>>> {
        let spec = self.spec.clone();
        let line = move |key, value| Line::new(&spec, key, value);
        Ok(match &self.store {
            Store::KeyValue(store) => {
                let entries = entries(&**store, keys, order);
                entries.map_ok(move |(key, value)| line(key, value)).boxed()
            }
            Store::Timestamped(store) => {
                let entries = entries(&**store, keys, order);
                entries.map_ok(move |(key, found)| line(key, found.value).at(found.time)).boxed()
            }
            Store::Window(store) => {
                let (from, to) = keys.ends();
                let rows = store.fetch_keys(from, to, i64::MIN, i64::MAX, order);
                let rows = rows.try_filter(move |(window, _)| ready(keys.contain(&window.key)));
                rows.map_ok(move |(w, value)| line(w.key, value).within(w.start, w.end)).boxed()
            }
            Store::Session(store) => {
                let (from, to) = keys.ends();
                let rows = store.find_keys(from, to, i64::MIN, i64::MAX, order);
                let rows = rows.try_filter(move |(key, ..)| ready(keys.contain(key)));
                rows.map_ok(move |(key, s, value)| line(key, value).within(s.start, s.end)).boxed()
            }
            Store::Versioned(_) => {
                let instead =
                    "get shows a key's latest version, versioned_history of the shell lists them";
                return Err(self.unsupported(instead));
            }
        })
    }

    fn unsupported(&self, instead: &str) -> Error {
        unsupported(&self.task, &self.spec, instead)
    }
}

impl Keys {
    /// Inclusive ends with all keys between them, and maybe a few more.
    fn ends(&self) -> (Option<Bytes>, Option<Bytes>) {
        match self {
            Self::Between(from, to) => (from.clone(), to.clone()),
            Self::Prefix(prefix) => {
                let end = match KeyRange::prefix(prefix.clone()).end {
                    Bound::Included(end) | Bound::Excluded(end) => Some(end),
                    Bound::Unbounded => None,
                };
                (Some(prefix.clone()), end)
            }
        }
    }

    fn contain(&self, key: &[u8]) -> bool {
        match self {
            // The ends say it already.
            Self::Between(..) => true,
            Self::Prefix(prefix) => key.starts_with(prefix),
        }
    }
}

fn entries<V: Send + Sync + 'static>(
    store: &dyn ReadOnlyKeyValueStore<Bytes, V>,
    keys: Keys,
    order: Order,
) -> BoxStream<'static, Result<(Bytes, V)>> {
    match keys {
        Keys::Prefix(prefix) => store.prefix_bytes(prefix, order),
        Keys::Between(from, to) => store.range(from, to, order),
    }
}

fn unsupported(task: &TaskId, spec: &StoreSpec, instead: &str) -> Error {
    let StoreSpec { name, kind, .. } = spec;
    let message = format!("store {name} of task {task} is of kind {kind}: {instead}");
    Error::new(ErrorKind::Unsupported, message)
}
