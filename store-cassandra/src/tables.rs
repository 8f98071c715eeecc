//! The tables: how they are made, and told from those of others.

use std::collections::{BTreeMap, BTreeSet};

use store_core::{Error, ErrorKind, Result};
use uuid::{Builder, Uuid};

use crate::CassandraConfig;

/// A table: its name, its columns with their types, and which of them are its key.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    columns: &'static str,
    key: &'static str,
}

/// Every table there is.
pub(crate) const TABLES: [Table; 5] = [
    Table {
        name: "tasks",
        columns: "application text, partition bigint",
        key: "application, partition",
    },
    Table {
        name: "records",
        columns: "task text, layout int, buckets int, segment_buckets int, epoch bigint, owner uuid, sequence bigint, \
            stamp_hi bigint, destroyed bigint, wipe bigint, checkpoint blob, log_epoch bigint, log_attempt uuid, \
            log_stamp bigint, log_body blob, log_count bigint, log_checksum bigint",
        key: "task",
    },
    Table {
        name: LOGS,
        columns: "task text, epoch bigint, attempt uuid, number bigint, body blob",
        key: "task, epoch, attempt, number",
    },
    Table {
        name: MAPS,
        columns: "task text, store bigint, cut boolean, segment bigint",
        key: "task, store, cut, segment",
    },
    Table {
        name: DATA,
        columns: "task text, store bigint, cut boolean, segment bigint, bucket int, key blob, value blob",
        key: "(task, store, cut, segment, bucket), key",
    },
];

const LOGS: &str = "logs";
const MAPS: &str = "maps";
pub(crate) const DATA: &str = "data";

/// Marks of forgotten notes and of removed logs are kept as long as nodes keep what another one missed: one that comes back
/// names a map that is empty, or is a log that no record names, and is harmless.
const SHORT_GRACE_SECONDS: i32 = 10_800;

/// Of each table, of each column: its type, and whether it is part of the key.
pub(crate) type Columns = BTreeMap<String, BTreeMap<String, (String, bool)>>;

impl Table {
    /// The statement that makes it, in a keyspace made at this moment.
    pub(crate) fn statement(&self, config: &CassandraConfig, made: Option<i64>) -> String {
        let (keyspace, Self { name, columns, key }) = (config.keyspace(), self);
        let mut options = Vec::new();
        if let Some(made) = made {
            options.push(format!("id = '{}'", id(keyspace, name, made)));
        }
        if *name == DATA {
            options.push(format!("compaction = {{'class': '{}'}}", config.compaction));
            match config.compression.as_deref() {
                None => {}
                Some("none") => options.push("compression = {'enabled': 'false'}".to_owned()),
                Some(class) => options.push(format!("compression = {{'class': '{class}'}}")),
            }
        }
        if [LOGS, MAPS].contains(name) {
            options.push(format!("gc_grace_seconds = {SHORT_GRACE_SECONDS}"));
        }
        let with = if options.is_empty() { "" } else { " WITH " };
        format!(
            "CREATE TABLE IF NOT EXISTS \"{keyspace}\".{name} ({columns}, PRIMARY KEY ({key})){with}{}",
            options.join(" AND ")
        )
    }

    /// The query for the first part of the key of some row.
    pub(crate) fn any_row(&self, keyspace: &str) -> String {
        let Self { name, key, .. } = self;
        let first = key.split(", ").next().unwrap_or(key).trim_start_matches('(');
        format!("SELECT {first} FROM \"{keyspace}\".{name} LIMIT 1")
    }

    /// `SchemaMismatch` for a table of this name that is not ours. More columns are not minded.
    pub(crate) fn check(
        &self,
        keyspace: &str,
        found: &BTreeMap<String, (String, bool)>,
    ) -> Result<()> {
        let ours = self.columns.split(", ").filter_map(|column| column.split_once(' '));
        let same =
            |(name, sort): (&str, &str)| found.get(name).is_some_and(|(found, _)| found == sort);
        let key: BTreeSet<_> =
            self.key.split(", ").map(|name| name.trim_matches(['(', ')'])).collect();
        let found_key =
            found.iter().filter(|(_, (_, is_key))| *is_key).map(|(name, _)| name.as_str());
        if ours.into_iter().all(same) && found_key.collect::<BTreeSet<_>>() == key {
            return Ok(());
        }
        let message = format!(
            "table {keyspace}.{} is there and is not one of ours: use another keyspace, by namespace",
            self.name
        );
        Err(Error::new(ErrorKind::SchemaMismatch, message))
    }
}

/// The same id, whoever makes the table: two nodes that gave it ids of their own would never agree on it.
///
/// Another one in a keyspace that was made again under its name, so that nothing of the old table can come back.
fn id(keyspace: &str, table: &str, made: i64) -> Uuid {
    // FNV-1a.
    let (start, prime) =
        (0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, 0x0100_0000_0000_0000_0000_013b);
    let name = format!("{keyspace}.{table}/{made}");
    let add = |hash: u128, byte| (hash ^ u128::from(byte)).wrapping_mul(prime);
    let hash = name.bytes().fold(start, add);
    Builder::from_custom_bytes(hash.to_be_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{DATA, LOGS, MAPS, TABLES, id};
    use crate::CassandraConfig;

    #[test]
    fn a_table_has_one_id_whoever_makes_it() {
        // Stored: programs of several releases may make it at once.
        let expected = Uuid::from_u128(0xa413_fd7a_b7d2_8459_851f_63bd_3a2f_4a91);
        assert_eq!(id("store", DATA, 1_700_000_000_000_000), expected);
        assert_ne!(id("store", MAPS, 1_700_000_000_000_000), expected);
        assert_ne!(id("other", DATA, 1_700_000_000_000_000), expected);
        assert_ne!(id("store", DATA, 1_700_000_000_000_001), expected, "made again");
    }

    #[test]
    fn any_row_is_asked_for_by_what_the_key_begins_with() {
        let asked = TABLES.map(|table| table.any_row("store"));
        assert_eq!(asked[0], "SELECT application FROM \"store\".tasks LIMIT 1");
        assert_eq!(asked[4], "SELECT task FROM \"store\".data LIMIT 1");
    }

    #[test]
    fn tables_have_an_id_where_the_keyspace_is_there_and_options_of_their_own() {
        let statement = |name, made| {
            let table = TABLES.iter().find(|table| table.name == name).expect("a table");
            table.statement(&CassandraConfig::default(), made)
        };
        assert_eq!(
            statement("tasks", None),
            "CREATE TABLE IF NOT EXISTS \"store\".tasks (application text, partition bigint, \
             PRIMARY KEY (application, partition))"
        );
        let made = statement("tasks", Some(7));
        assert!(made.ends_with(&format!(" WITH id = '{}'", id("store", "tasks", 7))), "{made}");
        for name in [LOGS, MAPS] {
            let made = statement(name, None);
            assert!(made.ends_with(" WITH gc_grace_seconds = 10800"), "{made}");
        }
        let data = statement(DATA, Some(7));
        assert!(
            data.ends_with(" AND compaction = {'class': 'LeveledCompactionStrategy'}"),
            "{data}"
        );
    }
}
