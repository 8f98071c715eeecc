//! What cases of several families share: a store of bytes, and what it must hold.

use std::sync::Arc;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{TryStreamExt, stream::BoxStream};
use store_core::{
    EngineConfig, Maps, Task,
    backend::{MapId, StoreSpec},
    codec::Raw,
    layers::Faults,
    prelude::*,
};

pub(crate) use crate::waist::key as bytes;
use crate::{
    Context,
    waist::{all, task},
};

/// Bytes by bytes, as they are.
pub(crate) static RAW: KeyValue<Bytes, Bytes, Raw> = KeyValue::new("raw").values(Raw);

pub(crate) type Store = Arc<dyn KeyValueStore<Bytes, Bytes>>;

/// The task and its store of bytes, claimed by a new handle.
pub(crate) async fn open(context: &Context) -> Result<(Task, Store)> {
    open_on(&context.database().await?).await
}

pub(crate) async fn open_on(database: &Database) -> Result<(Task, Store)> {
    let task = database.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    Ok((task, store))
}

/// A database on a new handle whose calls can be made to fail, and what makes them.
pub(crate) async fn faulty(context: &Context) -> Result<(Faults, Database)> {
    let line = Faults::none();
    Ok((line.clone(), context.database().await?.layer(line)))
}

/// As [`faulty`], where every read goes to the backend.
pub(crate) async fn faulty_without_cache(context: &Context) -> Result<(Faults, Database)> {
    let line = Faults::none();
    Ok((line.clone(), context.database_with(without_cache()).await?.layer(line)))
}

/// Settings by which every read goes to the backend.
pub(crate) fn without_cache() -> EngineConfig {
    let mut config = EngineConfig::default();
    config.cache_bytes = 0;
    config
}

/// What is committed of that store, for somebody else.
pub(crate) async fn committed(
    context: &Context,
) -> Result<Arc<dyn ReadOnlyKeyValueStore<Bytes, Bytes>>> {
    Ok(context.read().await?.store(&RAW).await?)
}

/// How many entries the backend holds in these maps, whatever the engine believes.
pub(crate) async fn stored(
    context: &Context,
    maps: impl IntoIterator<Item = MapId, IntoIter: Send> + Send,
) -> Result<usize> {
    let reader = context.backend().await?.read(&task(0)).await?;
    let mut stored = 0;
    for map in maps {
        stored += all(&*reader, map).await?.len();
    }
    Ok(stored)
}

pub(crate) async fn put(store: &Store, entries: &[(&str, &str)]) -> Result<()> {
    for (key, value) in entries {
        store.put(&bytes(key), &bytes(value)).await?;
    }
    Ok(())
}

pub(crate) async fn delete(store: &Store, keys: &[&str]) -> Result<()> {
    for key in keys {
        store.delete(&bytes(key)).await?;
    }
    Ok(())
}

/// A count of entries is what is there, where it is said to be exact; else it may also count what was overwritten and
/// deleted, and marks of the backend's own.
pub(crate) fn counts(exact: bool, count: u64, there: u64, written: u64) -> Result<()> {
    if exact {
        ensure!(count == there, "a count of {count}, said to be exact, of {there} entries");
        return Ok(());
    }
    let most = 2 * written;
    ensure!(
        (there..=most).contains(&count),
        "a count of {count} for {there} entries, and {written} that were ever written or deleted"
    );
    Ok(())
}

/// Everything a scan or a listing gives.
pub(crate) async fn rows<T>(stream: BoxStream<'static, store_core::Result<T>>) -> Result<Vec<T>> {
    Ok(stream.try_collect().await?)
}

/// A store holds exactly these entries, whichever way it is read.
pub(crate) async fn holds(
    store: &dyn ReadOnlyKeyValueStore<Bytes, Bytes>,
    expected: &[(&str, &str)],
) -> Result<()> {
    let entries: Vec<_> = expected.iter().map(|(key, value)| (bytes(key), bytes(value))).collect();
    let found = rows(store.all()).await?;
    ensure!(found == entries, "all gives {found:?}, expected {entries:?}");
    let mut backward = rows(store.range(None, None, Order::Backward)).await?;
    backward.reverse();
    ensure!(backward == entries, "backward {backward:?}, expected {entries:?}");
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).collect();
    let values: Vec<_> = entries.iter().map(|(_, value)| Some(value.clone())).collect();
    ensure!(store.get_many(&keys).await? == values, "get_many gives other values");
    for (key, value) in &entries {
        ensure!(
            store.get(key).await?.as_ref() == Some(value),
            "get of {key:?} gives another value"
        );
    }
    Ok(())
}

/// The maps of a store in place of the store: for what its own reads and writes cannot say.
pub(crate) struct MapsOf<'a, D>(pub(crate) &'a D);

impl<D: StoreDefinition> StoreDefinition for MapsOf<'_, D> {
    type Store = Maps;

    fn spec(&self) -> store_core::Result<StoreSpec> {
        self.0.spec()
    }

    fn open(&self, maps: Maps) -> Maps {
        maps
    }
}
