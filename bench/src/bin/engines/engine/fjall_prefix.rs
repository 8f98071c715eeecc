//! fjall, one keyspace, the map number in front of each key. It has no durable range delete, so a drop deletes entry
//! by entry.

use std::{ops::Bound, path::Path};

use anyhow::{Context, Result};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};

use super::{Engine, Entry, Order, Write};

/// Entries deleted by one batch of a drop.
const DROP_BATCH: usize = 10_000;
const PREFIX: usize = size_of::<u32>();

pub(crate) struct FjallPrefix {
    database: Database,
    keyspace: Keyspace,
}

impl FjallPrefix {
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let database = super::fjall_maps::open_database(dir)?;
        let keyspace = database
            .keyspace("data", || KeyspaceCreateOptions::default().max_memtable_size(16 << 20))?;
        Ok(Self { database, keyspace })
    }
}

fn prefixed(map: u32, key: &[u8]) -> Vec<u8> {
    [&map.to_be_bytes(), key].concat()
}

fn bounds(map: u32, after: Option<&[u8]>, order: Order) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let start = Bound::Included(prefixed(map, &[]));
    let end = Bound::Excluded(prefixed(map + 1, &[]));
    match (after, order) {
        (None, _) => (start, end),
        (Some(key), Order::Forward) => (Bound::Excluded(prefixed(map, key)), end),
        (Some(key), Order::Backward) => (start, Bound::Excluded(prefixed(map, key))),
    }
}

impl Engine for FjallPrefix {
    fn commit(&self, writes: Vec<Write>) -> Result<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for write in writes {
            let key = prefixed(write.map, &write.key);
            match write.value {
                Some(value) => batch.insert(&self.keyspace, key, value),
                None => batch.remove(&self.keyspace, key),
            }
        }
        batch.commit().context("commit")
    }

    fn get_many(&self, keys: &[(u32, Vec<u8>)]) -> Result<Vec<Option<Vec<u8>>>> {
        let snapshot = self.database.snapshot();
        let get = |(map, key): &(u32, Vec<u8>)| {
            Ok(snapshot.get(&self.keyspace, prefixed(*map, key))?.map(|value| value.to_vec()))
        };
        keys.iter().map(get).collect()
    }

    fn page(
        &self,
        map: u32,
        after: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        let range = self.database.snapshot().range(&self.keyspace, bounds(map, after, order));
        let copy = |guard: fjall::Guard| {
            let (key, value) = guard.into_inner()?;
            Ok((key[PREFIX..].to_vec(), value.to_vec()))
        };
        match order {
            Order::Forward => range.take(limit).map(copy).collect(),
            Order::Backward => range.rev().take(limit).map(copy).collect(),
        }
    }

    fn create_map(&self, _map: u32) -> Result<()> {
        Ok(())
    }

    fn drop_map(&self, map: u32) -> Result<()> {
        let mut range = self.database.snapshot().prefix(&self.keyspace, map.to_be_bytes());
        loop {
            let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
            for guard in range.by_ref().take(DROP_BATCH) {
                batch.remove(&self.keyspace, guard.key()?);
            }
            if batch.is_empty() {
                return Ok(());
            }
            batch.commit().context("drop")?;
        }
    }
}
