//! Writing the maps of a store.

use std::{borrow::Borrow, collections::BTreeSet, ops::Deref, sync::Arc};

use bytes::Bytes;

use super::{ReadMaps, late, read::Source};
use crate::{
    Result,
    backend::{Put, StoreSpec},
    engine::{Batch, Engine, Locked},
    event_time::{Retention, Written},
};

/// The owner's maps of one store: reads as [`ReadMaps`], writes under a [`KeyLock`] or by [`write`](Self::write).
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
    /// Every write of a store goes through such a lock, or [`write`](Self::write), so that no two operations on one key lose a
    /// write. Locks are not reentrant: take those of one operation together, by [`lock_all`](Self::lock_all). Dropping the
    /// future gives up the place in the queue.
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

    /// Buffers writes that depend on nothing that was read, as under the lock of this user key and for less.
    ///
    /// - What it gives and the errors are those of [`lock`](Self::lock) and [`KeyLock::write`], but for a rollback: one that comes
    ///   before they are buffered does not refuse them.
    /// - Waits for who holds the lock, and so for ever for a caller who does; at the memory limit waits for a commit on its
    ///   way. Dropping the future writes nothing.
    pub async fn write(&self, key: Bytes, writes: Writes) -> Result<Written> {
        self.engine.check_key(&key)?;
        let written = self.engine.write_unread(self.read.number, key, writes.0).await?;
        self.tell_if_late(written);
        Ok(written)
    }

    /// `TooLarge` for a value above the limit: at most 8 MiB unless native limits are allowed.
    ///
    /// What a layout adds to a value, at most 64 bytes, does not count.
    pub fn check_value(&self, value: &[u8]) -> Result<()> {
        self.engine.check_value(value)
    }

    /// Whether anybody looks at the indexed fields of puts: the store has some, and the backend can search.
    #[must_use]
    pub fn can_search(&self) -> bool {
        self.engine.writer().capabilities().search && !self.read.spec.fields.is_empty()
    }

    /// How many writes came too late since the task was opened; see [`Writes::at`].
    #[must_use]
    pub fn late_records(&self) -> u64 {
        self.engine.late_records(self.read.number)
    }

    fn tell_if_late(&self, written: Written) {
        if written == Written::Late {
            late::report(self.engine.task(), self.read.spec());
        }
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

/// The lock of one or more user keys, held until dropped: what writes go through that depend on what was read.
#[derive(Debug)]
#[must_use = "a lock that is not kept locks nothing"]
pub struct KeyLock {
    maps: Maps,
    locked: Locked,
}

impl KeyLock {
    /// Buffers writes that take effect together: no commit falls between them.
    ///
    /// - [`Written::Late`] says that nothing is written, because of [`Writes::at`].
    /// - `TooLarge` for a value above the limit, `InvalidArgument` for a put into a dropped segment or when a rollback
    ///   came since the lock was taken, `BufferFull` at the hard memory limit: then nothing is written.
    /// - Waits at the memory limit while a commit is on its way. Dropping the future writes nothing.
    pub async fn write(&self, writes: Writes) -> Result<Written> {
        let Self { maps, locked } = self;
        let store = maps.read.number;
        let written = maps.engine.write(store, Some(locked.generation), writes.0).await?;
        maps.tell_if_late(written);
        Ok(written)
    }
}

/// Writes to one store that belong together.
#[derive(Debug, Default)]
#[must_use = "writes do nothing until they are given to KeyLock::write or Maps::write"]
pub struct Writes(Batch);

impl Writes {
    /// No writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a value.
    pub fn put(self, segment: Option<i64>, key: Bytes, value: Bytes) -> Self {
        self.put_indexed(segment, key, Put::new(value))
    }

    /// Puts a value with its indexed fields: see [`Maps::can_search`].
    pub fn put_indexed(mut self, segment: Option<i64>, key: Bytes, put: Put) -> Self {
        self.0.writes.push((segment, key, Some(put)));
        self
    }

    /// Deletes a key; an absent one is fine, and so is a dropped segment.
    pub fn delete(mut self, segment: Option<i64>, key: Bytes) -> Self {
        self.0.writes.push((segment, key, None));
        self
    }

    /// Makes the writes those of an event at `time` milliseconds.
    ///
    /// Raises stream time to it, where it is not there yet. If the event is not live by then nothing is written, the late
    /// record is counted, and who writes gets [`Written::Late`]. Otherwise the segments that expired are dropped.
    pub const fn at(mut self, time: i64, retention: Retention) -> Self {
        self.0.event = Some((time, retention));
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
