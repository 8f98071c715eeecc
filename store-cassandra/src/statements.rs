//! The statements: prepared once, never made of values.

use std::{fmt, sync::Arc};

use futures::future::try_join_all;
use scylla::{
    client::session::Session,
    statement::{Statement, prepared::PreparedStatement},
};
use store_core::{Result, backend::Order};
use tokio::sync::OnceCell;

use crate::{CassandraConfig, connect::Profiles, error::unprepared};

/// Every statement but those that read ranges.
pub(crate) struct Statements {
    pub(crate) list: PreparedStatement,
    pub(crate) listed: PreparedStatement,
    pub(crate) load: PreparedStatement,
    pub(crate) load_serial: PreparedStatement,
    pub(crate) create: PreparedStatement,
    pub(crate) claim: PreparedStatement,
    pub(crate) commit: PreparedStatement,
    pub(crate) clear_mark: PreparedStatement,
    pub(crate) destroy: PreparedStatement,
    pub(crate) put_chunk: PreparedStatement,
    pub(crate) chunk: PreparedStatement,
    pub(crate) clear: PreparedStatement,
    pub(crate) sweep: PreparedStatement,
    pub(crate) note_map: PreparedStatement,
    pub(crate) note_drop: PreparedStatement,
    pub(crate) maps: PreparedStatement,
    pub(crate) forget_maps: PreparedStatement,
    pub(crate) put: PreparedStatement,
    pub(crate) delete: PreparedStatement,
    pub(crate) drop: PreparedStatement,
    pub(crate) get: PreparedStatement,
    pub(crate) count: PreparedStatement,
    pub(crate) pages: Pages,
}

const ROW: &str = "task = ? AND store = ? AND cut = ? AND segment = ? AND bucket = ?";
const RECORD: &str = "layout, buckets, segment_buckets, epoch, owner, sequence, stamp_hi, destroyed, wipe, checkpoint, \
    log_epoch, log_attempt, log_stamp, log_body, log_count, log_checksum";

impl Statements {
    /// Prepares them; the tables must be there.
    pub(crate) async fn prepare(
        session: &Arc<Session>,
        config: &CassandraConfig,
        profiles: &Profiles,
    ) -> Result<Self> {
        let keyspace = format!("\"{}\"", config.keyspace());
        let ks = &keyspace;
        let load = format!("SELECT {RECORD} FROM {ks}.records WHERE task = ?");
        let maps = format!("{ks}.maps (task, store, cut, segment)");
        let writes = [
            format!("INSERT INTO {ks}.tasks (application, partition) VALUES (?, ?)"),
            // Of two constant stamps, the removal of a log wins over its chunks whenever they come.
            format!("INSERT INTO {ks}.logs (task, epoch, attempt, number, body) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP 1"),
            format!("DELETE FROM {ks}.logs USING TIMESTAMP 2 WHERE task = ? AND epoch = ? AND attempt = ?"),
            format!("DELETE FROM {ks}.logs USING TIMESTAMP 2 WHERE task = ? AND epoch < ?"),
            format!("INSERT INTO {maps} VALUES (?, ?, ?, ?) USING TIMESTAMP ?"),
            format!("INSERT INTO {maps} VALUES (?, ?, ?, ?) USING TIMESTAMP ? AND TTL {DROPPED_SECONDS}"),
            format!("DELETE FROM {ks}.maps USING TIMESTAMP ? WHERE task = ?"),
            format!("INSERT INTO {ks}.data (task, store, cut, segment, bucket, key, value) VALUES (?, ?, ?, ?, ?, ?, ?)"),
            format!("DELETE FROM {ks}.data WHERE {ROW} AND key = ?"),
            format!("DELETE FROM {ks}.data USING TIMESTAMP ? WHERE {ROW}"),
        ];
        let reads = [
            load.clone(),
            format!("SELECT body FROM {ks}.logs WHERE task = ? AND epoch = ? AND attempt = ? AND number = ?"),
            format!("SELECT value FROM {ks}.data WHERE {ROW} AND key = ?"),
        ];
        let conditional = [
            format!(
                "INSERT INTO {ks}.records (task, layout, buckets, segment_buckets, epoch, owner, sequence, stamp_hi, \
                 destroyed) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0) IF NOT EXISTS"
            ),
            format!("UPDATE {ks}.records SET epoch = ?, owner = ? WHERE task = ? IF epoch < ?"),
            format!(
                "UPDATE {ks}.records SET sequence = ?, stamp_hi = ?, wipe = null, checkpoint = ?, log_epoch = ?, \
                 log_attempt = ?, log_stamp = ?, log_body = ?, log_count = ?, log_checksum = ? WHERE task = ? \
                 IF epoch = ? AND owner = ? AND sequence = ?"
            ),
            format!(
                "UPDATE {ks}.records SET wipe = null, log_epoch = null, log_attempt = null, log_stamp = null, \
                 log_body = null, log_count = null, log_checksum = null WHERE task = ? \
                 IF epoch = ? AND owner = ? AND sequence = ?"
            ),
            format!(
                "UPDATE {ks}.records SET sequence = 0, stamp_hi = ?, destroyed = ?, wipe = ?, checkpoint = null, \
                 log_epoch = null, log_attempt = null, log_stamp = null, log_body = null, log_count = null, \
                 log_checksum = null WHERE task = ? IF epoch = ? AND owner = ?"
            ),
            load,
        ];
        let scans = [
            format!("SELECT partition FROM {ks}.tasks WHERE application = ?"),
            format!("SELECT store, cut, segment FROM {ks}.maps WHERE task = ?"),
            format!("SELECT COUNT(*) FROM {ks}.data WHERE {ROW}"),
        ];
        let prepare = |text: String| session.prepare(text);
        let prepared = futures::future::try_join4(
            try_join_all(writes.map(prepare)),
            try_join_all(reads.map(prepare)),
            try_join_all(conditional.map(prepare)),
            try_join_all(scans.map(prepare)),
        );
        let (mut writes, mut reads, mut conditional, mut scans) = prepared.await.map_err(unprepared)?;
        for (statements, profile, repeatable) in [
            (&mut writes, &profiles.writes, true),
            (&mut reads, &profiles.reads, true),
            (&mut conditional, &profiles.conditional, false),
            (&mut scans, &profiles.scans, true),
        ] {
            for statement in statements {
                statement.set_execution_profile_handle(Some(profile.clone()));
                statement.set_is_idempotent(repeatable);
            }
        }
        // Invariant: as many come back as were sent.
        let all = "each statement was prepared";
        let [list, put_chunk, clear, sweep, note_map, note_drop, forget_maps, put, delete, drop] =
            writes.try_into().expect(all);
        let [load, chunk, get] = reads.try_into().expect(all);
        let [create, claim, commit, clear_mark, destroy, mut load_serial] =
            conditional.try_into().expect(all);
        let [listed, maps, count] = scans.try_into().expect(all);
        load_serial.set_consistency(config.consistency.serial_read());
        load_serial.set_is_idempotent(true);
        Ok(Self {
            list,
            listed,
            load,
            load_serial,
            create,
            claim,
            commit,
            clear_mark,
            destroy,
            put_chunk,
            chunk,
            clear,
            sweep,
            note_map,
            note_drop,
            maps,
            forget_maps,
            put,
            delete,
            drop,
            get,
            count,
            pages: Pages::new(session.clone(), keyspace, profiles.clone()),
        })
    }
}

/// The record of a dropped map is kept so long that a late write of an earlier owner finds it when the task is destroyed.
const DROPPED_SECONDS: u32 = 10 * 86_400;

impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements").finish_non_exhaustive()
    }
}

/// The statements that read a range of one bucket, prepared when they are used first.
pub(crate) struct Pages {
    session: Arc<Session>,
    keyspace: String,
    profiles: Profiles,
    prepared: [OnceCell<PreparedStatement>; 12],
}

/// A high end: none, or included or not.
pub(crate) type High = Option<bool>;

impl Pages {
    fn new(session: Arc<Session>, keyspace: String, profiles: Profiles) -> Self {
        Self { session, keyspace, profiles, prepared: [const { OnceCell::const_new() }; 12] }
    }

    /// Takes the columns of the bucket, the low end, and the high one where there is one.
    pub(crate) async fn get(&self, low: bool, high: High, order: Order) -> Result<&PreparedStatement> {
        let ends = match high {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        };
        let index = ends * 4 + usize::from(low) * 2 + usize::from(order == Order::Backward);
        self.prepared[index].get_or_try_init(|| self.prepare(low, high, order)).await
    }

    async fn prepare(&self, low: bool, high: High, order: Order) -> Result<PreparedStatement> {
        let low = if low { ">=" } else { ">" };
        let high = match high {
            None => "",
            Some(false) => " AND key < ?",
            Some(true) => " AND key <= ?",
        };
        let order = match order {
            Order::Forward => "ASC",
            Order::Backward => "DESC",
        };
        let text = format!(
            "SELECT key, value FROM {}.data WHERE {ROW} AND key {low} ?{high} ORDER BY key {order}",
            self.keyspace
        );
        let mut prepared = self.session.prepare(Statement::new(text)).await.map_err(unprepared)?;
        prepared.set_execution_profile_handle(Some(self.profiles.scans.clone()));
        prepared.set_is_idempotent(true);
        Ok(prepared)
    }
}
