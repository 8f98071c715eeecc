//! The keyspace and its tables: made where they are missing, and checked.

use std::collections::BTreeMap;

use scylla::client::session::Session;
use store_core::{Error, ErrorKind, Result};

use crate::{
    CassandraConfig,
    error::{failed, unreadable},
};

/// A table: its name, its columns with `(type, part of the key)`, and the keys as CQL writes them.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, &'static str, Part)],
    key: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Partition,
    Clustering,
    Plain,
}
use Part::{Clustering, Partition, Plain};

const TABLES: [Table; 5] = [
    Table {
        name: "tasks",
        columns: &[("application", "text", Partition), ("partition", "bigint", Clustering)],
        key: "application, partition",
    },
    Table {
        name: "records",
        columns: &[
            ("task", "text", Partition),
            ("layout", "int", Plain),
            ("buckets", "int", Plain),
            ("segment_buckets", "int", Plain),
            ("epoch", "bigint", Plain),
            ("owner", "uuid", Plain),
            ("sequence", "bigint", Plain),
            ("stamp_hi", "bigint", Plain),
            ("destroyed", "bigint", Plain),
            ("wipe", "bigint", Plain),
            ("checkpoint", "blob", Plain),
            ("log_epoch", "bigint", Plain),
            ("log_attempt", "uuid", Plain),
            ("log_stamp", "bigint", Plain),
            ("log_body", "blob", Plain),
            ("log_count", "bigint", Plain),
            ("log_checksum", "bigint", Plain),
        ],
        key: "task",
    },
    Table {
        name: "logs",
        columns: &[
            ("task", "text", Partition),
            ("epoch", "bigint", Clustering),
            ("attempt", "uuid", Clustering),
            ("number", "bigint", Clustering),
            ("body", "blob", Plain),
        ],
        key: "task, epoch, attempt, number",
    },
    Table {
        name: "maps",
        columns: &[
            ("task", "text", Partition),
            ("store", "bigint", Clustering),
            ("cut", "boolean", Clustering),
            ("segment", "bigint", Clustering),
        ],
        key: "task, store, cut, segment",
    },
    Table {
        name: DATA,
        columns: &[
            ("task", "text", Partition),
            ("store", "bigint", Partition),
            ("cut", "boolean", Partition),
            ("segment", "bigint", Partition),
            ("bucket", "int", Partition),
            ("key", "blob", Clustering),
            ("value", "blob", Plain),
        ],
        key: "(task, store, cut, segment, bucket), key",
    },
];

const DATA: &str = "data";

/// Marks of deleted keys are kept at least so long: many times the age up to which an owner sends writes.
const LEAST_GRACE_SECONDS: i32 = 86_400;

/// Makes what is missing, or says how to; refuses tables that are not ours.
pub(crate) async fn prepare(session: &Session, config: &CassandraConfig) -> Result<()> {
    let keyspace = config.keyspace();
    let known = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
    let rows = session.query_unpaged(known, (keyspace,)).await.map_err(looking)?;
    let rows = rows.into_rows_result().map_err(|error| unreadable("look for the keyspace", error))?;
    let mut missing = Vec::new();
    if rows.rows_num() == 0 {
        missing.push(create_keyspace(session, config).await?);
    }
    for table in &TABLES {
        let columns = columns(session, keyspace, table.name).await?;
        if columns.is_empty() {
            missing.push(table.create(config));
        } else {
            table.check(keyspace, &columns)?;
        }
    }
    if !missing.is_empty() {
        if !config.create_schema {
            let message = format!(
                "keyspace {keyspace} lacks tables and create_schema is false: let somebody who may run\n{};",
                missing.join(";\n")
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        for statement in missing {
            let done = session.query_unpaged(statement, ()).await;
            done.map_err(|error| failed(format_args!("make the tables of keyspace {keyspace}"), error))?;
        }
        session.await_schema_agreement().await.map_err(|error| {
            let message = "the nodes do not agree on the tables that were made: try again later";
            Error::new(ErrorKind::Unavailable, message).with_source(error)
        })?;
        // Somebody else's of the same name may have come first.
        for table in &TABLES {
            table.check(keyspace, &columns(session, keyspace, table.name).await?)?;
        }
    }
    check_grace(session, keyspace).await
}

fn looking(error: scylla::errors::ExecutionError) -> Error {
    failed("look at the tables there are", error)
}

/// The columns of a table, by name; none for one that is not there.
async fn columns(session: &Session, keyspace: &str, table: &str) -> Result<BTreeMap<String, (String, String)>> {
    let query = "SELECT column_name, type, kind FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?";
    let rows = session.query_unpaged(query, (keyspace, table)).await.map_err(looking)?;
    let unreadable = |error| unreadable("look at the columns there are", error);
    let rows = rows.into_rows_result().map_err(|error| self::unreadable("look at the columns there are", error))?;
    let rows = rows.rows::<(String, String, String)>().map_err(|error| self::unreadable("look at the columns there are", error))?;
    rows.map(|row| row.map(|(name, kind, part)| (name, (kind, part))).map_err(unreadable)).collect()
}

async fn check_grace(session: &Session, keyspace: &str) -> Result<()> {
    let query = "SELECT gc_grace_seconds FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?";
    let rows = session.query_unpaged(query, (keyspace, DATA)).await.map_err(looking)?;
    let rows = rows.into_rows_result().map_err(|error| unreadable("look at gc_grace_seconds", error))?;
    let grace = rows.first_row::<(i32,)>().map_err(|error| unreadable("look at gc_grace_seconds", error))?.0;
    if grace < LEAST_GRACE_SECONDS {
        let message = format!(
            "table {keyspace}.{DATA} has gc_grace_seconds {grace}, so that a late write could bring back a deleted key: set \
             at least {LEAST_GRACE_SECONDS}"
        );
        return Err(Error::new(ErrorKind::Config, message));
    }
    Ok(())
}

async fn create_keyspace(session: &Session, config: &CassandraConfig) -> Result<String> {
    let copies = match &config.replication {
        Some(copies) => replication(copies)?,
        None => {
            let nodes = session.get_cluster_state().get_nodes_info().len();
            format!("'replication_factor': {}", nodes.clamp(1, 3))
        }
    };
    // Conditional changes in keyspaces with tablets came late; what knows tablets takes the clause.
    let tablets = if has_tablets(session).await? { " AND tablets = {'enabled': false}" } else { "" };
    Ok(format!(
        "CREATE KEYSPACE IF NOT EXISTS \"{}\" WITH replication = {{'class': 'NetworkTopologyStrategy', {copies}}}{tablets}",
        config.keyspace()
    ))
}

/// Whether the server is a ScyllaDB that can spread a keyspace over tablets.
async fn has_tablets(session: &Session) -> Result<bool> {
    let query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system_schema' AND table_name = 'scylla_keyspaces'";
    let rows = session.query_unpaged(query, ()).await.map_err(looking)?;
    let rows = rows.into_rows_result().map_err(|error| unreadable("look for tablets", error))?;
    Ok(rows.rows_num() > 0)
}

/// The copies as CQL writes them.
fn replication(setting: &str) -> Result<String> {
    let refused = || {
        let message = "replication must be a number of copies, 3, or one for each datacenter, dc1:3,dc2:3";
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
    fn create(&self, config: &CassandraConfig) -> String {
        let columns: Vec<_> =
            self.columns.iter().map(|(name, kind, _)| format!("{name} {kind}")).collect();
        let mut options = Vec::new();
        if self.name == DATA {
            options.push(format!("compaction = {{'class': '{}'}}", config.compaction));
            match config.compression.as_deref() {
                None => {}
                Some("none") => options.push("compression = {'enabled': 'false'}".to_owned()),
                Some(class) => options.push(format!("compression = {{'class': '{class}'}}")),
            }
        }
        let options =
            if options.is_empty() { String::new() } else { format!(" WITH {}", options.join(" AND ")) };
        format!(
            "CREATE TABLE IF NOT EXISTS \"{}\".{} ({}, PRIMARY KEY ({})){options}",
            config.keyspace(),
            self.name,
            columns.join(", "),
            self.key
        )
    }

    /// `Config` for a table of this name that is not ours. More columns are not minded.
    fn check(&self, keyspace: &str, found: &BTreeMap<String, (String, String)>) -> Result<()> {
        let key_columns = |part: &str| part != "regular" && part != "static";
        let ours = self.columns.iter().all(|(name, kind, part)| {
            found.get(*name).is_some_and(|(found_kind, found_part)| {
                let part = match part {
                    Partition => "partition_key",
                    Clustering => "clustering",
                    Plain => "regular",
                };
                found_kind == kind && found_part == part
            })
        });
        let keys = self.columns.iter().filter(|(.., part)| *part != Plain).count();
        if ours && found.values().filter(|(_, part)| key_columns(part)).count() == keys {
            return Ok(());
        }
        let message = format!(
            "table {keyspace}.{} is there and is not one of ours: use another keyspace, by namespace",
            self.name
        );
        Err(Error::new(ErrorKind::Config, message))
    }
}
