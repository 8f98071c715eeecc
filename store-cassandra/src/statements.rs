//! The statements: prepared once, never made of values.

use futures::future::try_join_all;
use scylla::{client::session::Session, statement::prepared::PreparedStatement};
use store_core::Result;

use crate::{
    CassandraConfig,
    connect::{Profiles, Sort},
    error::unprepared,
    schema::LEAST_GRACE_SECONDS,
};

macro_rules! statements {
    (|$ks:ident| $($name:ident: $sort:ident = $text:literal;)*) => {
        /// Every statement there is.
        pub(crate) struct Statements {
            $(pub(crate) $name: PreparedStatement,)*
        }

        impl Statements {
            /// Prepares them; the tables must be there.
            pub(crate) async fn prepare(
                session: &Session,
                config: &CassandraConfig,
                profiles: &Profiles,
            ) -> Result<Self> {
                let $ks = format!("\"{}\"", config.keyspace());
                let prepare = async |sort, text: String| {
                    let statement = session.prepare(text).await.map_err(unprepared)?;
                    Ok::<_, store_core::Error>(profiles.with(sort, statement))
                };
                let texts = [$((Sort::$sort, format!($text)),)*];
                let prepared = texts.into_iter().map(|(sort, text)| prepare(sort, text));
                let mut prepared = try_join_all(prepared).await?.into_iter();
                // Invariant: as many come back as were sent.
                Ok(Self { $($name: prepared.next().expect("each statement was prepared"),)* })
            }
        }
    };
}

statements! { |ks|
    list: Write = "INSERT INTO {ks}.tasks (application, partition) VALUES (?, ?)";
    listed: Scan = "SELECT partition FROM {ks}.tasks WHERE application = ?";

    load: Read = "SELECT {RECORD} FROM {ks}.records WHERE task = ?";
    load_serial: Serial = "SELECT {RECORD} FROM {ks}.records WHERE task = ?";
    create: Conditional = "INSERT INTO {ks}.records (task, layout, buckets, segment_buckets, epoch, owner, sequence, \
        stamp_hi, destroyed) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0) IF NOT EXISTS";
    claim: Conditional = "UPDATE {ks}.records SET epoch = ?, owner = ? WHERE task = ? IF epoch < ?";
    commit: Conditional = "UPDATE {ks}.records SET sequence = ?, stamp_hi = ?, wipe = null, checkpoint = ?, \
        log_epoch = ?, log_attempt = ?, log_stamp = ?, log_body = ?, log_count = ?, log_checksum = ? WHERE task = ? \
        IF epoch = ? AND owner = ? AND sequence = ?";
    clear_mark: Conditional = "UPDATE {ks}.records SET wipe = null, {NO_LOG} WHERE task = ? \
        IF epoch = ? AND owner = ? AND sequence = ?";
    destroy: Conditional = "UPDATE {ks}.records SET sequence = 0, stamp_hi = ?, destroyed = ?, wipe = ?, \
        checkpoint = null, {NO_LOG} WHERE task = ? IF epoch = ? AND owner = ?";

    // Of the same stamp, the removal of a log wins over its chunks whenever they come.
    put_chunk: Write = "INSERT INTO {ks}.logs (task, epoch, attempt, number, body) VALUES (?, ?, ?, ?, ?) \
        USING TIMESTAMP ?";
    chunk: Read = "SELECT body FROM {ks}.logs WHERE task = ? AND epoch = ? AND attempt = ? AND number = ?";
    clear: Write = "DELETE FROM {ks}.logs USING TIMESTAMP ? WHERE task = ? AND epoch = ? AND attempt = ?";
    sweep: Write = "DELETE FROM {ks}.logs USING TIMESTAMP ? WHERE task = ? AND epoch < ?";

    // What is decided must be applied, so these get their stamps as requests, not by `USING TIMESTAMP`, which servers may refuse
    // where it is far ahead of their clock.
    note_map: Write = "INSERT INTO {ks}.maps (task, store, cut, segment) VALUES (?, ?, ?, ?)";
    note_drop: Write = "INSERT INTO {ks}.maps (task, store, cut, segment) VALUES (?, ?, ?, ?) \
        USING TTL {DROPPED_SECONDS}";
    maps: Scan = "SELECT store, cut, segment FROM {ks}.maps WHERE task = ?";
    forget_maps: Write = "DELETE FROM {ks}.maps WHERE task = ?";

    put: Write = "INSERT INTO {ks}.data (task, store, cut, segment, bucket, key, value) VALUES (?, ?, ?, ?, ?, ?, ?)";
    delete: Write = "DELETE FROM {ks}.data WHERE {BUCKET} AND key = ?";
    remove: Write = "DELETE FROM {ks}.data WHERE {BUCKET}";
    get: Read = "SELECT key, value FROM {ks}.data WHERE {BUCKET} AND key IN ?";
    count: Scan = "SELECT COUNT(*) FROM {ks}.data WHERE {BUCKET}";
    forward: Scan = "SELECT key, value FROM {ks}.data WHERE {BUCKET} AND key >= ? ORDER BY key ASC";
    forward_to: Scan = "SELECT key, value FROM {ks}.data WHERE {BUCKET} AND key >= ? AND key < ? ORDER BY key ASC";
    backward: Scan = "SELECT key, value FROM {ks}.data WHERE {BUCKET} AND key >= ? ORDER BY key DESC";
    backward_to: Scan = "SELECT key, value FROM {ks}.data WHERE {BUCKET} AND key >= ? AND key < ? ORDER BY key DESC";
}

const BUCKET: &str = "task = ? AND store = ? AND cut = ? AND segment = ? AND bucket = ?";
const RECORD: &str = "layout, buckets, segment_buckets, epoch, owner, sequence, stamp_hi, destroyed, wipe, checkpoint, \
    log_epoch, log_attempt, log_stamp, log_body, log_count, log_checksum";
const NO_LOG: &str = "log_epoch = null, log_attempt = null, log_stamp = null, log_body = null, log_count = null, \
    log_checksum = null";

/// The note of a dropped map is kept for as long as marks of deleted keys are at least, so that destroying the task finds
/// what a late write of an earlier owner has put there.
const DROPPED_SECONDS: i32 = LEAST_GRACE_SECONDS;
