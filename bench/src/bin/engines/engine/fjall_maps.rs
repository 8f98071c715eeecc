//! fjall, a keyspace per map.

use std::{collections::HashMap, path::Path, sync::RwLock};

use anyhow::{Context, Result, anyhow};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};

use super::{Engine, Entry, Order, Write, bounds_after};

pub(crate) struct FjallMaps {
    database: Database,
    maps: RwLock<HashMap<u32, Keyspace>>,
}

/// Opens a fjall database with the settings of a state store: as much cache as redb gets, a short journal.
pub(crate) fn open_database(dir: &Path) -> Result<Database> {
    Database::builder(dir)
        .cache_size(64 << 20)
        .max_journaling_size(128 << 20)
        .open()
        .context("open fjall")
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(8 << 20)
}

impl FjallMaps {
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let database = open_database(dir)?;
        let mut maps = HashMap::new();
        for name in database.list_keyspace_names() {
            maps.insert(name.parse()?, database.keyspace(&name, options)?);
        }
        Ok(Self { database, maps: RwLock::new(maps) })
    }

    fn map(&self, map: u32) -> Result<Option<Keyspace>> {
        Ok(self.maps.read().map_err(|_poisoned| anyhow!("poisoned lock"))?.get(&map).cloned())
    }

    fn map_or_create(&self, map: u32) -> Result<Keyspace> {
        if let Some(keyspace) = self.map(map)? {
            return Ok(keyspace);
        }
        let keyspace = self.database.keyspace(&map.to_string(), options)?;
        self.maps
            .write()
            .map_err(|_poisoned| anyhow!("poisoned lock"))?
            .insert(map, keyspace.clone());
        Ok(keyspace)
    }
}

impl Engine for FjallMaps {
    fn commit(&self, writes: Vec<Write>) -> Result<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for write in writes {
            let keyspace = self.map_or_create(write.map)?;
            match write.value {
                Some(value) => batch.insert(&keyspace, write.key, value),
                None => batch.remove(&keyspace, write.key),
            }
        }
        batch.commit().context("commit")
    }

    fn get_many(&self, keys: &[(u32, Vec<u8>)]) -> Result<Vec<Option<Vec<u8>>>> {
        let snapshot = self.database.snapshot();
        let get = |(map, key): &(u32, Vec<u8>)| {
            let Some(keyspace) = self.map(*map)? else { return Ok(None) };
            Ok(snapshot.get(&keyspace, key)?.map(|value| value.to_vec()))
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
        let Some(keyspace) = self.map(map)? else { return Ok(Vec::new()) };
        let range =
            self.database.snapshot().range::<&[u8], _>(&keyspace, bounds_after(after, order));
        let copy = |guard: fjall::Guard| {
            let (key, value) = guard.into_inner()?;
            Ok((key.to_vec(), value.to_vec()))
        };
        match order {
            Order::Forward => range.take(limit).map(copy).collect(),
            Order::Backward => range.rev().take(limit).map(copy).collect(),
        }
    }

    fn create_map(&self, map: u32) -> Result<()> {
        self.map_or_create(map).map(drop)
    }

    fn drop_map(&self, map: u32) -> Result<()> {
        let keyspace =
            self.maps.write().map_err(|_poisoned| anyhow!("poisoned lock"))?.remove(&map);
        if let Some(keyspace) = keyspace {
            self.database.delete_keyspace(keyspace).context("delete keyspace")?;
        }
        Ok(())
    }
}
