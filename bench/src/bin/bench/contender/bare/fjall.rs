//! The embedded store's engine: a keyspace per map, one synced batch per commit, its settings and its keys.

use std::{collections::HashMap, ops::Bound, path::Path};

use anyhow::{Context, Result};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use store::{EmbeddedConfig, backend::MapId};

use super::{Bare, Write};

/// Stands in front of every key, as in the embedded store.
const KEY: u8 = b'k';

/// A database of its own.
#[derive(Clone)]
pub(crate) struct Fjall {
    database: Database,
    maps: HashMap<MapId, Keyspace>,
    memtable_bytes: u64,
}

impl Fjall {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let EmbeddedConfig {
            block_cache_bytes, journal_bytes, memtable_bytes, worker_threads, ..
        } = EmbeddedConfig::default();
        let database = Database::builder(folder)
            .cache_size(block_cache_bytes)
            .max_journaling_size(journal_bytes)
            .worker_threads(worker_threads)
            .open()
            .context("open fjall")?;
        let mut fjall = Self { database, maps: HashMap::new(), memtable_bytes };
        for name in fjall.database.list_keyspace_names() {
            fjall.map_or_new(map_of_name(&name)?)?;
        }
        Ok(fjall)
    }

    /// Merges the files of a database that nobody has open, those of each keyspace to one run.
    pub(crate) fn merge(folder: &Path) -> Result<()> {
        let workers = EmbeddedConfig::default().worker_threads;
        let database = Database::builder(folder).worker_threads(workers).open();
        let database = database.context("open fjall")?;
        for name in database.list_keyspace_names() {
            let keyspace = database.keyspace(&name, KeyspaceCreateOptions::default)?;
            keyspace.rotate_memtable_and_wait()?;
            keyspace.major_compact()?;
        }
        Ok(())
    }

    fn map_or_new(&mut self, map: MapId) -> Result<Keyspace> {
        if let Some(keyspace) = self.maps.get(&map) {
            return Ok(keyspace.clone());
        }
        let options = || KeyspaceCreateOptions::default().max_memtable_size(self.memtable_bytes);
        let keyspace = self.database.keyspace(&name_of_map(map), options)?;
        self.maps.insert(map, keyspace.clone());
        Ok(keyspace)
    }
}

fn name_of_map(map: MapId) -> String {
    let MapId { store, segment, .. } = map;
    segment.map_or_else(|| store.to_string(), |segment| format!("{store}@{segment}"))
}

fn map_of_name(name: &str) -> Result<MapId> {
    Ok(match name.split_once('@') {
        None => MapId::whole(name.parse()?),
        Some((store, segment)) => MapId::segment(store.parse()?, segment.parse()?),
    })
}

fn stored(key: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(key.len() + 1);
    stored.push(KEY);
    stored.extend(key);
    stored
}

impl Bare for Fjall {
    async fn get<T: Send>(
        &mut self,
        map: MapId,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T + Send,
    ) -> Result<T> {
        let value = match self.maps.get(&map) {
            Some(keyspace) => keyspace.get(stored(key))?,
            None => None,
        };
        Ok(see(value.as_deref()))
    }

    async fn scan(
        &mut self,
        map: MapId,
        (from, to): (&[u8], &[u8]),
        limit: usize,
        mut see: impl FnMut(&[u8], &[u8]) + Send,
    ) -> Result<()> {
        let Some(keyspace) = self.maps.get(&map) else { return Ok(()) };
        let range = (Bound::Included(stored(from)), Bound::Included(stored(to)));
        for entry in keyspace.range(range).take(limit) {
            let (key, value) = entry.into_inner()?;
            see(&key[1..], &value);
        }
        Ok(())
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Result<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for (map, key, value) in writes {
            let keyspace = self.map_or_new(map)?;
            match value {
                Some(value) => batch.insert(&keyspace, stored(&key), &value[..]),
                None => batch.remove(&keyspace, stored(&key)),
            }
        }
        batch.commit().context("commit")
    }

    fn handle(&self) -> Option<Self> {
        Some(self.clone())
    }
}
