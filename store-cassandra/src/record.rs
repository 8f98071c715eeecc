//! The record of a task: read, and changed by conditional statements only.

use std::time::Duration;

use bytes::Bytes;
use scylla::{
    DeserializeRow,
    serialize::row::SerializeRow,
    statement::prepared::PreparedStatement,
    value::{CqlValue, Row as AnyRow},
};
use store_core::{
    Effect, Error, ErrorKind, Result,
    backend::{Fence, OwnerId},
    redo::{Body, LogName, Meta, MetaChange, Pending, Swap},
};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    answer::rows,
    layout::{Buckets, VERSION, signed},
    task::CassandraTask,
};

/// The record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, DeserializeRow)]
pub(crate) struct Record {
    layout: i32,
    buckets: i32,
    segment_buckets: i32,
    epoch: i64,
    owner: Uuid,
    sequence: i64,
    stamp_hi: i64,
    destroyed: i64,
    wipe: Option<i64>,
    checkpoint: Option<Bytes>,
    log_epoch: Option<i64>,
    log_attempt: Option<Uuid>,
    log_stamp: Option<i64>,
    log_body: Option<Bytes>,
    log_count: Option<i64>,
    log_checksum: Option<i64>,
}

impl Record {
    /// What it says. `SchemaMismatch` for one of another release, `Corrupt` for one that contradicts itself.
    pub(crate) fn read(self) -> Result<(Meta, Buckets)> {
        if self.layout != VERSION {
            let message = format!(
                "the record of the task has layout version {} and this program knows version {VERSION}: use the release \
                 that wrote it, or a newer one",
                self.layout
            );
            return Err(Error::new(ErrorKind::SchemaMismatch, message));
        }
        self.decode().ok_or_else(|| {
            let message = "the record of the task is damaged: restore it from a copy";
            Error::new(ErrorKind::Corrupt, message)
        })
    }

    fn decode(self) -> Option<(Meta, Buckets)> {
        let buckets = |n: i32| u32::try_from(n).ok().filter(|n| (1..=256).contains(n));
        let buckets =
            Buckets { whole: buckets(self.buckets)?, segment: buckets(self.segment_buckets)? };
        let owner = OwnerId::from_u128(self.owner.as_u128());
        let mut meta = Meta::new(Fence::new(u64::try_from(self.epoch).ok()?, owner));
        meta.sequence = u64::try_from(self.sequence).ok()?;
        meta.stamp_hi = self.stamp_hi;
        meta.destroyed = u64::try_from(self.destroyed).ok()?;
        meta.wipe = self.wipe;
        meta.checkpoint = self.checkpoint.unwrap_or_default();
        if let Some(epoch) = self.log_epoch {
            let body = match (self.log_body, self.log_count, self.log_checksum) {
                (Some(body), None, None) => Body::Inline(body),
                (None, Some(count), Some(checksum)) => Body::Chunks {
                    count: u32::try_from(count).ok()?,
                    checksum: u32::try_from(checksum).ok()?,
                },
                _ => return None,
            };
            let log = LogName::new(u64::try_from(epoch).ok()?, self.log_attempt?);
            meta.pending = Some(Pending::new(log, self.log_stamp?, body));
        }
        Some((meta, buckets))
    }
}

/// Whether a conditional statement was applied.
///
/// Cassandra answers with `[applied]` and, where it was not, some columns; ScyllaDB always with all of the statement's.
fn applied(row: &AnyRow) -> Option<bool> {
    row.columns.first().cloned().flatten().as_ref().and_then(CqlValue::as_boolean)
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);

impl CassandraTask {
    /// The record; an owner also sees what a conditional change has begun and not ended.
    pub(crate) async fn read_record(&self, serial: bool) -> Result<Option<Meta>> {
        let statements = &self.shared.statements;
        let statement = if serial { &statements.load_serial } else { &statements.load };
        let answer = self.shared.session.execute_unpaged(statement, (&self.name,)).await;
        let doing = format!("read the record of task {}", self.task);
        let Some(record) = rows::<Record>(answer, &doing)?.pop() else { return Ok(None) };
        let (meta, buckets) = record.read().map_err(|error| error.context(&doing))?;
        // The first to be read stays: they are never changed.
        let _ = self.buckets.set(buckets);
        Ok(Some(meta))
    }

    pub(crate) async fn change(&self, change: &MetaChange) -> Result<Swap> {
        let statements = &self.shared.statements;
        match change {
            // There is no record yet, or one of our own making.
            MetaChange::Claim { fence } if fence.epoch == 1 => {
                let Buckets { whole, segment } = self.shared.config.buckets();
                // Invariant: the settings are checked to be at most 256.
                let buckets = [whole, segment].map(|n| i32::try_from(n).expect("a small number"));
                let owner = Uuid::from_u128(fence.owner.as_u128());
                let values = (&self.name, VERSION, buckets[0], buckets[1], 1_i64, owner);
                self.conditional(change, &statements.create, values).await
            }
            MetaChange::Claim { fence } => {
                let epoch = signed(fence.epoch)?;
                let values = (epoch, Uuid::from_u128(fence.owner.as_u128()), &self.name, epoch);
                self.conditional(change, &statements.claim, values).await
            }
            MetaChange::Commit { fence, previous, sequence, pending, checkpoint } => {
                let (body, count, checksum) = match &pending.body {
                    Body::Inline(body) => (Some(body), None, None),
                    Body::Chunks { count, checksum } => {
                        (None, Some(i64::from(*count)), Some(i64::from(*checksum)))
                    }
                };
                let (sequence, stamp) = (signed(*sequence)?, pending.stamp);
                let log = (signed(pending.log.epoch)?, pending.log.attempt);
                let owner = Uuid::from_u128(fence.owner.as_u128());
                let values = (
                    (sequence, stamp, checkpoint, log.0, log.1, stamp, body, count, checksum),
                    (&self.name, signed(fence.epoch)?, owner, signed(*previous)?),
                );
                let ((a, b, c, d, e, f, g, h, i), (j, k, l, m)) = values;
                let values = (a, b, c, d, e, f, g, h, i, j, k, l, m);
                self.conditional(change, &statements.commit, values).await
            }
            MetaChange::Clear { fence, sequence } => {
                let owner = Uuid::from_u128(fence.owner.as_u128());
                let values = (&self.name, signed(fence.epoch)?, owner, signed(*sequence)?);
                self.conditional(change, &statements.clear_mark, values).await
            }
            MetaChange::Destroy { fence, wipe } => {
                let (epoch, owner) = (signed(fence.epoch)?, Uuid::from_u128(fence.owner.as_u128()));
                let values = (wipe, epoch, wipe, &self.name, epoch, owner);
                self.conditional(change, &statements.destroy, values).await
            }
        }
    }

    /// Sends a conditional statement, and the same again while its outcome is unknown.
    ///
    /// A refusal after an unknown outcome may be of our own making, or hide that it took effect before somebody else's: then
    /// only a record that shows the change is an answer.
    async fn conditional(
        &self,
        change: &MetaChange,
        statement: &PreparedStatement,
        values: impl SerializeRow + Sync,
    ) -> Result<Swap> {
        let doing = format_args!("change the record of task {}", self.task).to_string();
        let until = Instant::now() + self.shared.config.timeout();
        let (mut left, mut pause) = (self.shared.config.retries, FIRST_PAUSE);
        let mut unknown: Option<Error> = None;
        loop {
            let error = match self.send(statement, &values, &doing).await {
                Ok(true) => return Ok(Swap::Applied),
                Ok(false) => break,
                Err(error) => error,
            };
            if error.effect() == Effect::NotApplied && unknown.is_none() {
                return Err(error);
            }
            let first = unknown.take().unwrap_or(error);
            if left == 0 || Instant::now() + pause >= until {
                return Err(first.with_effect(Effect::Unknown));
            }
            unknown = Some(first);
            sleep(pause).await;
            (left, pause) = (left - 1, pause * 2);
        }
        let unsettled = if unknown.is_some() { Effect::Unknown } else { Effect::NotApplied };
        let stored = self.read_record(true).await.map_err(|error| error.with_effect(unsettled))?;
        match unknown {
            Some(error) if !stored.as_ref().is_none_or(|stored| shows(change, stored)) => {
                Err(error.with_effect(Effect::Unknown))
            }
            _ => Ok(Swap::Refused(stored)),
        }
    }

    async fn send(
        &self,
        statement: &PreparedStatement,
        values: &(impl SerializeRow + Sync),
        doing: &str,
    ) -> Result<bool> {
        let answer = self.shared.session.execute_unpaged(statement, values).await;
        let row = rows::<AnyRow>(answer, doing)?.pop();
        row.as_ref().and_then(applied).ok_or_else(|| {
            let message = format!("cannot {doing}: the server does not say whether it did");
            Error::new(ErrorKind::Unsupported, message).with_effect(Effect::Unknown)
        })
    }
}

/// Whether a record is as a change has left it.
fn shows(change: &MetaChange, meta: &Meta) -> bool {
    match change {
        // Whoever came after us, another claim is ours to make.
        MetaChange::Claim { .. } => true,
        MetaChange::Commit { fence, sequence, pending, .. } => {
            meta.fence == *fence
                && meta.sequence == *sequence
                && meta.pending.as_ref().is_some_and(|stored| stored.log == pending.log)
        }
        MetaChange::Clear { fence, sequence } => {
            meta.fence == *fence
                && meta.sequence == *sequence
                && meta.pending.is_none()
                && meta.wipe.is_none()
        }
        MetaChange::Destroy { fence, wipe } => meta.fence == *fence && meta.wipe == Some(*wipe),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use scylla::value::{CqlValue, Row};
    use store_core::{ErrorKind, backend::OwnerId, redo::Body};
    use uuid::Uuid;

    use super::{Record, applied};

    fn row(columns: impl IntoIterator<Item = CqlValue>) -> Row {
        Row { columns: columns.into_iter().map(Some).collect() }
    }

    #[test]
    fn both_servers_say_in_the_first_column_whether_a_change_was_made() {
        let (yes, no) = (CqlValue::Boolean(true), CqlValue::Boolean(false));
        // Cassandra: that alone, and where it was not made the columns of the condition.
        assert_eq!(applied(&row([yes.clone()])), Some(true));
        assert_eq!(applied(&row([no.clone(), CqlValue::BigInt(7)])), Some(false));
        // ScyllaDB: always the row as it was, of nulls where there was none.
        let old = [yes.clone(), CqlValue::BigInt(6), CqlValue::BigInt(12)];
        assert_eq!(applied(&row(old)), Some(true));
        assert_eq!(applied(&Row { columns: vec![Some(yes), None, None] }), Some(true));
        assert_eq!(applied(&Row { columns: vec![Some(no), None, None] }), Some(false));
        assert_eq!(applied(&Row { columns: vec![None] }), None);
        assert_eq!(applied(&row([CqlValue::Int(1)])), None);
    }

    fn record() -> Record {
        Record {
            layout: 1,
            buckets: 16,
            segment_buckets: 4,
            epoch: 7,
            owner: Uuid::from_u128(5),
            sequence: 3,
            stamp_hi: 1_700_000_000_000_000,
            destroyed: 0,
            wipe: None,
            checkpoint: None,
            log_epoch: Some(7),
            log_attempt: Some(Uuid::from_u128(9)),
            log_stamp: Some(1_700_000_000_000_000),
            log_body: None,
            log_count: Some(2),
            log_checksum: Some(4_294_967_295),
        }
    }

    #[test]
    fn a_record_says_who_owns_the_task_and_which_log_is_decided() {
        let (meta, buckets) = record().read().unwrap();
        assert_eq!((meta.fence.epoch, meta.fence.owner), (7, OwnerId::from_u128(5)));
        assert_eq!((meta.sequence, meta.stamp_hi), (3, 1_700_000_000_000_000));
        assert_eq!((buckets.whole, buckets.segment), (16, 4));
        let body = meta.pending.unwrap().body;
        assert_eq!(body, Body::Chunks { count: 2, checksum: u32::MAX });
        let inline = Bytes::from_static(b"log");
        let log = Record {
            log_body: Some(inline.clone()),
            log_count: None,
            log_checksum: None,
            ..record()
        };
        assert_eq!(log.read().unwrap().0.pending.unwrap().body, Body::Inline(inline));
    }

    #[test]
    fn a_record_of_another_release_or_a_damaged_one_is_refused() {
        let kind = |record: Record| record.read().unwrap_err().kind();
        assert_eq!(kind(Record { layout: 2, ..record() }), ErrorKind::SchemaMismatch);
        assert_eq!(kind(Record { buckets: 0, ..record() }), ErrorKind::Corrupt);
        assert_eq!(kind(Record { epoch: -1, ..record() }), ErrorKind::Corrupt);
        assert_eq!(kind(Record { log_count: None, ..record() }), ErrorKind::Corrupt);
        assert_eq!(kind(Record { log_attempt: None, ..record() }), ErrorKind::Corrupt);
    }
}
