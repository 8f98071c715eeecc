//! The keyspace and its tables: made where they are missing, and checked.

use std::collections::{BTreeMap, BTreeSet};

use scylla::{client::session::Session, serialize::row::SerializeRow};
use store_core::{Error, ErrorKind, Result};

use crate::{CassandraConfig, answer::rows, error::failed};

/// A table: its name, its columns with their types, and which of them are its key.
struct Table {
    name: &'static str,
    columns: &'static str,
    key: &'static str,
}

const TABLES: [Table; 5] = [
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
        name: "logs",
        columns: "task text, epoch bigint, attempt uuid, number bigint, body blob",
        key: "task, epoch, attempt, number",
    },
    Table {
        name: "maps",
        columns: "task text, store bigint, cut boolean, segment bigint",
        key: "task, store, cut, segment",
    },
    Table {
        name: DATA,
        columns: "task text, store bigint, cut boolean, segment bigint, bucket int, key blob, value blob",
        key: "(task, store, cut, segment, bucket), key",
    },
];

const DATA: &str = "data";

/// Marks of deleted keys are kept at least so long: many times the age up to which an owner sends writes.
const LEAST_GRACE_SECONDS: i32 = 86_400;

/// Makes what is missing, or says how to; refuses tables that are not ours.
pub(crate) async fn prepare(session: &Session, config: &CassandraConfig) -> Result<()> {
    let keyspace = config.keyspace();
    let mut missing = Vec::new();
    let there = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
    if look::<(String,)>(session, there, (keyspace,)).await?.is_empty() {
        missing.push(keyspace_statement(session, config).await?);
    }
    let found = columns(session, keyspace).await?;
    for table in &TABLES {
        match found.get(table.name) {
            Some(found) => table.check(keyspace, found)?,
            None => missing.push(table.statement(config)),
        }
    }
    if !missing.is_empty() {
        make(session, config, missing).await?;
    }
    let query = "SELECT gc_grace_seconds FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?";
    match look::<(i32,)>(session, query, (keyspace, DATA)).await?.first() {
        Some((grace,)) if *grace < LEAST_GRACE_SECONDS => {
            let message = format!(
                "table {keyspace}.{DATA} has gc_grace_seconds {grace}, so that a late write could bring back a deleted \
                 key: set at least {LEAST_GRACE_SECONDS}"
            );
            Err(Error::new(ErrorKind::Config, message))
        }
        _ => Ok(()),
    }
}

async fn make(session: &Session, config: &CassandraConfig, missing: Vec<String>) -> Result<()> {
    let keyspace = config.keyspace();
    if !config.create_schema {
        let message = format!(
            "keyspace {keyspace} lacks tables and create_schema is false: let somebody who may run\n{};",
            missing.join(";\n")
        );
        return Err(Error::new(ErrorKind::Config, message));
    }
    for statement in missing {
        let done = session.query_unpaged(statement, ()).await;
        done.map_err(|error| {
            failed(format_args!("make the tables of keyspace {keyspace}"), error)
        })?;
    }
    session.await_schema_agreement().await.map_err(|error| {
        let message = "the nodes do not agree on the tables that were made: try again later";
        Error::new(ErrorKind::Unavailable, message).with_source(error)
    })?;
    // Somebody else's of the same name may have come first.
    let found = columns(session, keyspace).await?;
    TABLES.iter().try_for_each(|table| {
        table.check(keyspace, found.get(table.name).unwrap_or(&BTreeMap::new()))
    })
}

/// Rows of the server's own tables.
async fn look<T>(
    session: &Session,
    query: &str,
    values: impl SerializeRow + Send + Sync,
) -> Result<Vec<T>>
where
    T: for<'frame, 'metadata> scylla::deserialize::row::DeserializeRow<'frame, 'metadata>,
{
    rows(session.query_unpaged(query, values).await, "look at the tables there are")
}

/// Of each table, of each column: its type, and whether it is part of the key.
type Columns = BTreeMap<String, BTreeMap<String, (String, bool)>>;

async fn columns(session: &Session, keyspace: &str) -> Result<Columns> {
    let query = "SELECT table_name, column_name, type, kind FROM system_schema.columns WHERE keyspace_name = ?";
    let mut tables = Columns::new();
    for (table, column, sort, kind) in
        look::<(String, String, String, String)>(session, query, (keyspace,)).await?
    {
        let is_key = kind == "partition_key" || kind == "clustering";
        tables.entry(table).or_default().insert(column, (sort, is_key));
    }
    Ok(tables)
}

async fn keyspace_statement(session: &Session, config: &CassandraConfig) -> Result<String> {
    let copies = match &config.replication {
        Some(copies) => replication(copies)?,
        None => {
            let nodes = session.get_cluster_state().get_nodes_info().len();
            format!("'replication_factor': {}", nodes.clamp(1, 3))
        }
    };
    // Conditional changes in keyspaces with tablets came late; what knows tablets takes the clause.
    let scylla = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system_schema' AND table_name = 'scylla_keyspaces'";
    let has_tablets = !look::<(String,)>(session, scylla, ()).await?.is_empty();
    let tablets = if has_tablets { " AND tablets = {'enabled': false}" } else { "" };
    Ok(format!(
        "CREATE KEYSPACE IF NOT EXISTS \"{}\" WITH replication = {{'class': 'NetworkTopologyStrategy', {copies}}}{tablets}",
        config.keyspace()
    ))
}

/// The copies as CQL writes them.
fn replication(setting: &str) -> Result<String> {
    let refused = || {
        let message =
            "replication must be a number of copies, 3, or one for each datacenter, dc1:3,dc2:3";
        Error::new(ErrorKind::Config, message)
    };
    let number = |text: &str| text.trim().parse::<u8>().ok().filter(|n| *n > 0).ok_or_else(refused);
    if !setting.contains(':') {
        return Ok(format!("'replication_factor': {}", number(setting)?));
    }
    let each = setting.split(',').map(|one| {
        let (datacenter, copies) = one.split_once(':').ok_or_else(refused)?;
        let datacenter = datacenter.trim();
        let legal = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if datacenter.is_empty() || !datacenter.chars().all(legal) {
            return Err(refused());
        }
        Ok(format!("'{datacenter}': {}", number(copies)?))
    });
    Ok(each.collect::<Result<Vec<_>>>()?.join(", "))
}

impl Table {
    fn statement(&self, config: &CassandraConfig) -> String {
        let (keyspace, Self { name, columns, key }) = (config.keyspace(), self);
        let mut statement = format!(
            "CREATE TABLE IF NOT EXISTS \"{keyspace}\".{name} ({columns}, PRIMARY KEY ({key}))"
        );
        if *name == DATA {
            statement += &format!(" WITH compaction = {{'class': '{}'}}", config.compaction);
            match config.compression.as_deref() {
                None => {}
                Some("none") => statement += " AND compression = {'enabled': 'false'}",
                Some(class) => statement += &format!(" AND compression = {{'class': '{class}'}}"),
            }
        }
        statement
    }

    /// `Config` for a table of this name that is not ours. More columns are not minded.
    fn check(&self, keyspace: &str, found: &BTreeMap<String, (String, bool)>) -> Result<()> {
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
        Err(Error::new(ErrorKind::Config, message))
    }
}
