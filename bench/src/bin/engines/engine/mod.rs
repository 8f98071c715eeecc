//! What the comparison asks of an engine: the least a state store needs.

mod fjall_maps;
mod fjall_prefix;
mod redb_files;
mod redb_tables;

use std::{fmt, ops::Bound, path::Path};

use anyhow::Result;
use clap::ValueEnum;
use redb_tables::{RedbTables, Repair};
use serde::{Deserialize, Serialize};

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// One write of a batch; a value of `None` deletes.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub map: u32,
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

/// Direction of a scan.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Order {
    Forward,
    Backward,
}

/// A database directory that holds many ordered maps.
pub(crate) trait Engine: Send + Sync {
    /// Applies all writes or none, on disk before it returns. Maps come into being by being written.
    fn commit(&self, writes: Vec<Write>) -> Result<()>;
    /// Values in the order asked, from one consistent view.
    fn get_many(&self, keys: &[(u32, Vec<u8>)]) -> Result<Vec<Option<Vec<u8>>>>;
    /// Up to `limit` entries of a map strictly after `after` in `order`.
    fn page(
        &self,
        map: u32,
        after: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Entry>>;
    /// Creates a map that is empty.
    fn create_map(&self, map: u32) -> Result<()>;
    /// Drops a map with all its entries.
    fn drop_map(&self, map: u32) -> Result<()>;
}

/// An engine and a layout.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// fjall, a keyspace per map.
    Fjall,
    /// fjall, one keyspace, the map number in front of each key.
    FjallPrefix,
    /// redb, a table per map.
    Redb,
    /// redb, a table per map, commits that make repair after a crash quick.
    RedbQuick,
    /// redb, a table per map, all checksums verified whenever it is opened.
    RedbChecked,
    /// redb, a file per task, a table per map, all checksums verified whenever it is opened.
    RedbFiles,
}

impl Kind {
    /// Opens or creates the database in `dir`.
    pub(crate) fn open(self, dir: &Path) -> Result<Box<dyn Engine>> {
        Ok(match self {
            Self::Fjall => Box::new(fjall_maps::FjallMaps::open(dir)?),
            Self::FjallPrefix => Box::new(fjall_prefix::FjallPrefix::open(dir)?),
            Self::Redb => Box::new(RedbTables::open(dir, Repair::Full)?),
            Self::RedbQuick => Box::new(RedbTables::open(dir, Repair::Quick)?),
            Self::RedbChecked => Box::new(RedbTables::open(dir, Repair::Always)?),
            Self::RedbFiles => Box::new(redb_files::RedbFiles::open(dir)?),
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fjall => "fjall",
            Self::FjallPrefix => "fjall-prefix",
            Self::Redb => "redb",
            Self::RedbQuick => "redb-quick",
            Self::RedbChecked => "redb-checked",
            Self::RedbFiles => "redb-files",
        })
    }
}

/// The bounds of what comes after `after` in `order`.
fn bounds_after(after: Option<&[u8]>, order: Order) -> (Bound<&[u8]>, Bound<&[u8]>) {
    match (after, order) {
        (None, _) => (Bound::Unbounded, Bound::Unbounded),
        (Some(key), Order::Forward) => (Bound::Excluded(key), Bound::Unbounded),
        (Some(key), Order::Backward) => (Bound::Unbounded, Bound::Excluded(key)),
    }
}
