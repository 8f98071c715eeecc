//! What a store is built on: ordered maps inside a task.
//!
//! The same mechanism serves the store kinds of this crate and kinds of one's own: see [`StoreDefinition`].

use std::{borrow::Borrow, collections::BTreeSet, ops::Deref, sync::Arc};

use bytes::Bytes;
use futures::stream::BoxStream;

use crate::{
    Result,
    backend::{KeyRange, MapId, Order, Page, PageLimit, Put, StoreSpec, TaskReader},
    engine::{Batch, Engine, Locked},
    paging,
};

/// Says what a store is and builds it on its maps: how every kind comes in, ours and yours.
pub trait StoreDefinition {
    /// The opened store, for example `Arc<dyn KeyValueStore<K, V>>`.
    type Store;

    /// What is recorded with the store and checked at each opening.
    fn spec(&self) -> Result<StoreSpec>;

    /// Builds the store.
    fn open(&self, maps: Maps) -> Self::Store;
}

/// A definition whose store can be read in a task that somebody else owns.
pub trait ReadDefinition: StoreDefinition + Sync {
    /// The read half, for example `Arc<dyn ReadOnlyKeyValueStore<K, V>>`.
    type Reader;

    /// Builds the read half.
    fn reader(&self, maps: ReadMaps) -> Self::Reader;
}

#[derive(Clone, Debug)]
enum Source {
    Owned(Arc<Engine>),
    Shared(Arc<dyn TaskReader>, PageLimit),
}

/// Reads the maps of one store: the owner's view with uncommitted writes, or a reader's view of what is committed.
///
/// A cheap clone.
#[derive(Clone, Debug)]
pub struct ReadMaps {
    source: Source,
    number: u32,
    spec: Arc<StoreSpec>,
}

impl ReadMaps {
    pub(crate) fn shared(
        reader: Arc<dyn TaskReader>,
        page: PageLimit,
        number: u32,
        spec: StoreSpec,
    ) -> Self {
        Self { source: Source::Shared(reader, page), number, spec: Arc::new(spec) }
    }

    /// What the store is.
    #[must_use]
    pub fn spec(&self) -> &StoreSpec {
        &self.spec
    }

    const fn map(&self, segment: Option<i64>) -> MapId {
        MapId { store: self.number, segment }
    }

    /// The value of a key; `segment` is `None` for a store that is not cut by time.
    pub async fn get(&self, segment: Option<i64>, key: Bytes) -> Result<Option<Bytes>> {
        match &self.source {
            Source::Owned(engine) => engine.get(self.map(segment), &key).await,
            Source::Shared(reader, _) => {
                let found = reader.get_many(&[(self.map(segment), key)]).await?;
                Ok(found.into_iter().next().flatten())
            }
        }
    }

    /// The values of keys in the order asked, in at most one request to the backend.
    pub async fn get_many(&self, keys: Vec<(Option<i64>, Bytes)>) -> Result<Vec<Option<Bytes>>> {
        let keys = keys.into_iter().map(|(segment, key)| (self.map(segment), key));
        let keys: Vec<_> = keys.collect();
        match &self.source {
            Source::Owned(engine) => engine.get_many(&keys).await,
            Source::Shared(reader, _) => reader.get_many(&keys).await,
        }
    }

    /// The entries of one map in a range, in order and in bounded memory.
    ///
    /// The owner's scan sees the writes made before each of its pages was fetched.
    pub fn scan(
        &self,
        segment: Option<i64>,
        range: KeyRange,
        order: Order,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        match &self.source {
            Source::Owned(engine) => engine.scan(self.map(segment), range, order),
            Source::Shared(reader, page) => {
                scan(reader.clone(), self.map(segment), range, order, *page)
            }
        }
    }

    /// The number of committed entries of one map, exact where the backend's capabilities say so.
    pub async fn approximate_len(&self, segment: Option<i64>) -> Result<u64> {
        match &self.source {
            Source::Owned(engine) => {
                engine.check()?;
                engine.writer().approximate_len(self.map(segment)).await
            }
            Source::Shared(reader, _) => reader.approximate_len(self.map(segment)).await,
        }
    }

    /// The highest event time the store has seen, in milliseconds; none before the first.
    pub async fn stream_time(&self) -> Result<Option<i64>> {
        match &self.source {
            Source::Owned(engine) => engine.stream_time(self.number),
            Source::Shared(reader, _) => {
                let checkpoint = reader.checkpoint().await?;
                Ok(checkpoint.stores.get(&self.number).and_then(|store| store.stream_time))
            }
        }
    }

    /// The segments that may hold entries, ascending.
    pub async fn segments(&self) -> Result<BTreeSet<i64>> {
        match &self.source {
            Source::Owned(engine) => engine.segments(self.number),
            Source::Shared(reader, _) => {
                let mut checkpoint = reader.checkpoint().await?;
                let store = checkpoint.stores.remove(&self.number);
                Ok(store.map(|store| store.segments).unwrap_or_default())
            }
        }
    }

    /// `TooLarge` for a user key above the limit; readers of others' tasks take any length.
    pub fn check_key(&self, key: &[u8]) -> Result<()> {
        match &self.source {
            Source::Owned(engine) => engine.check_key(key),
            Source::Shared(..) => Ok(()),
        }
    }
}

fn scan(
    reader: Arc<dyn TaskReader>,
    map: MapId,
    range: KeyRange,
    order: Order,
    limit: PageLimit,
) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
    paging::entries(range, order, move |range| {
        let reader = reader.clone();
        async move {
            if range.is_empty() {
                return Ok(Page::default());
            }
            reader.scan(map, &range, order, limit).await
        }
    })
}

/// The owner's maps of one store: reads as [`ReadMaps`], writes under a [`KeyLock`].
///
/// A cheap clone.
#[derive(Clone, Debug)]
pub struct Maps {
    engine: Arc<Engine>,
    read: ReadMaps,
}

impl Maps {
    pub(crate) fn new(engine: Arc<Engine>, number: u32, spec: StoreSpec) -> Self {
        let read = ReadMaps { source: Source::Owned(engine.clone()), number, spec: Arc::new(spec) };
        Self { engine, read }
    }

    /// The read half.
    #[must_use]
    pub const fn read(&self) -> &ReadMaps {
        &self.read
    }

    /// Waits for the lock of one user key, at most 8 KiB unless native limits are allowed (`TooLarge`).
    ///
    /// Every write of a store goes through such a lock, so that no two operations on one key lose a write. Locks are
    /// not reentrant: take those of one operation together, by [`lock_all`](Self::lock_all). Dropping the future gives
    /// up the place in the queue.
    pub async fn lock(&self, key: Bytes) -> Result<KeyLock> {
        self.engine.check_key(&key)?;
        let locked = self.engine.lock(self.read.number, [key]).await?;
        Ok(KeyLock { maps: self.clone(), locked })
    }

    /// Waits for the locks of several user keys, in an order that cannot deadlock with others who use it.
    pub async fn lock_all(&self, keys: BTreeSet<Bytes>) -> Result<KeyLock> {
        keys.iter().try_for_each(|key| self.engine.check_key(key))?;
        let locked = self.engine.lock(self.read.number, keys).await?;
        Ok(KeyLock { maps: self.clone(), locked })
    }

    /// A number no other entry of the store has; ascending, with gaps, given again only after a rollback.
    pub fn next_insertion(&self) -> Result<u64> {
        self.engine.next_insertion(self.read.number)
    }
}

impl Borrow<ReadMaps> for Maps {
    fn borrow(&self) -> &ReadMaps {
        &self.read
    }
}

impl Deref for Maps {
    type Target = ReadMaps;

    fn deref(&self) -> &ReadMaps {
        &self.read
    }
}

/// The lock of one or more user keys, held until dropped: what writes go through.
#[derive(Debug)]
pub struct KeyLock {
    maps: Maps,
    locked: Locked,
}

impl KeyLock {
    /// Buffers writes that take effect together: no commit falls between them.
    ///
    /// - `TooLarge` for a value above the limit, `InvalidArgument` for a dropped segment or when a rollback came since
    ///   the lock was taken, `BufferFull` at the hard memory limit: then nothing is written.
    /// - Waits at the memory limit while a commit is on its way. Dropping the future writes nothing.
    pub async fn write(&self, writes: Writes) -> Result<()> {
        let Self { maps, locked } = self;
        maps.engine.write(maps.read.number, locked.generation, writes.0).await
    }
}

/// Writes to one store that belong together.
#[derive(Debug, Default)]
#[must_use = "writes do nothing until they are given to KeyLock::write"]
pub struct Writes(Batch);

impl Writes {
    /// No writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a value.
    pub fn put(mut self, segment: Option<i64>, key: Bytes, value: Bytes) -> Self {
        self.0.writes.push((segment, key, Some(Put::new(value))));
        self
    }

    /// Deletes a key; an absent one is fine.
    pub fn delete(mut self, segment: Option<i64>, key: Bytes) -> Self {
        self.0.writes.push((segment, key, None));
        self
    }

    /// Raises stream time to `time` milliseconds, where it is not there yet.
    pub const fn stream_time(mut self, time: i64) -> Self {
        self.0.stream_time = Some(time);
        self
    }

    /// Drops all segments below `floor`, after the other writes.
    pub const fn drop_below(mut self, floor: i64) -> Self {
        self.0.floor = Some(floor);
        self
    }
}
