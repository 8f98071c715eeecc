//! redb, a table per map.

use std::path::Path;

use anyhow::{Context, Result};
use redb::{
    AccessGuard, Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageError,
    TableDefinition, TableError,
};

use super::{Engine, Entry, Order, Write, bounds_after};

type Table = redb::ReadOnlyTable<&'static [u8], &'static [u8]>;

/// When the checksums of the whole file are verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Repair {
    /// After a crash.
    Full,
    /// Never: each commit saves what a repair would need to find out.
    Quick,
    /// At every open.
    Always,
}

pub(crate) struct RedbTables {
    database: Database,
    repair: Repair,
}

impl RedbTables {
    pub(crate) fn open(dir: &Path, repair: Repair) -> Result<Self> {
        Self::open_with_cache(dir, repair, 64 << 20)
    }

    pub(crate) fn open_with_cache(dir: &Path, repair: Repair, cache: usize) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let mut builder = Database::builder();
        builder.set_cache_size(cache).set_check_integrity_on_open(repair == Repair::Always);
        Ok(Self { database: builder.create(dir.join("state.redb")).context("open redb")?, repair })
    }

    fn change(&self, change: impl FnOnce(&redb::WriteTransaction) -> Result<()>) -> Result<()> {
        let mut transaction = self.database.begin_write().context("begin")?;
        transaction.set_quick_repair(self.repair == Repair::Quick);
        change(&transaction)?;
        transaction.commit().context("commit")
    }
}

fn open_table(transaction: &ReadTransaction, map: u32) -> Result<Option<Table>> {
    match transaction.open_table(TableDefinition::new(&map.to_string())) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Engine for RedbTables {
    fn commit(&self, mut writes: Vec<Write>) -> Result<()> {
        writes.sort_by(|a, b| (a.map, &a.key).cmp(&(b.map, &b.key)));
        self.change(|transaction| {
            for run in writes.chunk_by(|a, b| a.map == b.map) {
                let name = run[0].map.to_string();
                let mut table =
                    transaction.open_table(TableDefinition::<&[u8], &[u8]>::new(&name))?;
                for write in run {
                    match &write.value {
                        Some(value) => drop(table.insert(write.key.as_slice(), value.as_slice())?),
                        None => drop(table.remove(write.key.as_slice())?),
                    }
                }
            }
            Ok(())
        })
    }

    fn get_many(&self, keys: &[(u32, Vec<u8>)]) -> Result<Vec<Option<Vec<u8>>>> {
        let transaction = self.database.begin_read()?;
        let mut tables = std::collections::HashMap::new();
        let get = |(map, key): &(u32, Vec<u8>)| {
            if !tables.contains_key(map) {
                tables.insert(*map, open_table(&transaction, *map)?);
            }
            let Some(Some(table)) = tables.get(map) else { return Ok(None) };
            let value = ReadableTable::get(table, key.as_slice())?;
            Ok(value.map(|value| value.value().to_vec()))
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
        type Guards<'a> = (AccessGuard<'a, &'static [u8]>, AccessGuard<'a, &'static [u8]>);
        let transaction = self.database.begin_read()?;
        let Some(table) = open_table(&transaction, map)? else { return Ok(Vec::new()) };
        let range = ReadableTable::range::<&[u8]>(&table, bounds_after(after, order))?;
        let copy = |entry: Result<Guards<'_>, StorageError>| {
            let (key, value) = entry?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        };
        match order {
            Order::Forward => range.take(limit).map(copy).collect(),
            Order::Backward => range.rev().take(limit).map(copy).collect(),
        }
    }

    fn create_map(&self, map: u32) -> Result<()> {
        let name = map.to_string();
        self.change(|transaction| {
            transaction.open_table(TableDefinition::<&[u8], &[u8]>::new(&name))?;
            Ok(())
        })
    }

    fn drop_map(&self, map: u32) -> Result<()> {
        let name = map.to_string();
        self.change(|transaction| {
            transaction.delete_table(TableDefinition::<&[u8], &[u8]>::new(&name))?;
            Ok(())
        })
    }
}
