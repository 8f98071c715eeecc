//! What lies where in the file.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use store_core::{
    Error, ErrorKind, Result,
    backend::{Checkpoint, MapId, TaskId},
};

use crate::error::Stop;

/// The longest key and the longest value, in bytes: what the capabilities declare.
pub(crate) const MAX_KEY_BYTES: usize = 64 << 10;
pub(crate) const MAX_VALUE_BYTES: usize = 64 << 20;

/// Says in the file's header that it is ours.
const FORMAT: i32 = i32::from_be_bytes(*b"stor");

/// Raised whenever an older program would misread the file.
const LAYOUT: i32 = 1;

/// A task keeps its row for ever, because its epoch must stay; `owner` is null once it is destroyed.
///
/// Entries are a table with rowids: large values inside of the index would make each search of it slow.
const TABLES: &str = "
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        application TEXT NOT NULL,
        partition INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        owner TEXT,
        life INTEGER NOT NULL,
        checkpoint BLOB NOT NULL,
        UNIQUE (application, partition)
    ) STRICT;
    CREATE TABLE entries (
        task INTEGER NOT NULL,
        map BLOB NOT NULL,
        key BLOB NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (task, map, key)
    ) STRICT;";

/// Makes the tables in an empty file; refuses a file of another program, or of a newer release.
pub(crate) fn prepare(transaction: &Transaction<'_>) -> Result<(), Stop> {
    let number = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables = "SELECT count(*) FROM sqlite_schema";
    match (number("application_id")?, number("user_version")?) {
        (FORMAT, LAYOUT) => Ok(()),
        (FORMAT, newer) => {
            let message = format!(
                "the file has layout version {newer} and this program knows version {LAYOUT}: use the release that \
                 wrote it, or a newer one"
            );
            Err(Error::new(ErrorKind::SchemaMismatch, message).into())
        }
        _ if transaction.query_one(tables, [], |row| row.get::<_, i64>(0))? > 0 => {
            let message = "the file belongs to another program: name another path";
            Err(Error::new(ErrorKind::Config, message).into())
        }
        _ => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", FORMAT)?;
            Ok(transaction.pragma_update(None, "user_version", LAYOUT)?)
        }
    }
}

/// The name of a map: its store, then, for a segment, its number so that bytes sort as numbers do.
pub(crate) fn map_name(map: MapId) -> Vec<u8> {
    let store = map.store.to_be_bytes();
    match map.segment {
        None => store.to_vec(),
        Some(segment) => [&store[..], &(segment ^ i64::MIN).to_be_bytes()].concat(),
    }
}

/// What is recorded of a task.
pub(crate) struct Record {
    /// Its number in the file.
    pub(crate) id: i64,
    pub(crate) epoch: u64,
    /// None once it is destroyed.
    pub(crate) owner: Option<String>,
    /// How often it was destroyed.
    pub(crate) life: i64,
    pub(crate) checkpoint: Checkpoint,
}

impl Record {
    /// The record of a task, where it was ever claimed.
    pub(crate) fn find(connection: &Connection, task: &TaskId) -> Result<Option<Self>, Stop> {
        let sql = "SELECT id, epoch, owner, life, checkpoint FROM tasks WHERE application = ? AND partition = ?";
        let mut found = connection.prepare_cached(sql)?;
        let columns = params![task.application.as_str(), task.partition];
        let record = found.query_row(columns, |row| Ok(Self::of_row(row))).optional()?;
        record.transpose()
    }

    /// Reads a row of these five columns.
    pub(crate) fn of_row(row: &Row<'_>) -> Result<Self, Stop> {
        let checkpoint = Checkpoint::decode(&row.get::<_, Vec<u8>>(4)?)?;
        let epoch = row.get::<_, i64>(1)?.cast_unsigned();
        Ok(Self { id: row.get(0)?, epoch, owner: row.get(2)?, life: row.get(3)?, checkpoint })
    }
}

#[cfg(test)]
mod tests {
    use store_core::backend::MapId;

    use super::map_name;

    #[test]
    fn golden_names() {
        assert_eq!(map_name(MapId::whole(1)), [0, 0, 0, 1]);
        assert_eq!(
            map_name(MapId::segment(258, -1)),
            [0, 0, 1, 2, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        );
    }
}
