//! The record of a task, as it is stored.

use bytes::Bytes;
use scylla::DeserializeRow;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Fence, OwnerId},
    redo::{Body, LogName, Meta, Pending},
};
use uuid::Uuid;

use crate::{
    config::MAX_BUCKETS,
    layout::{Buckets, VERSION},
    task::CassandraTask,
};

/// The record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, DeserializeRow)]
pub(crate) struct Record {
    pub(crate) layout: i32,
    pub(crate) buckets: i32,
    pub(crate) segment_buckets: i32,
    pub(crate) epoch: i64,
    pub(crate) owner: Uuid,
    pub(crate) sequence: i64,
    pub(crate) stamp_hi: i64,
    pub(crate) destroyed: i64,
    pub(crate) wipe: Option<i64>,
    pub(crate) checkpoint: Option<Bytes>,
    pub(crate) log_epoch: Option<i64>,
    pub(crate) log_attempt: Option<Uuid>,
    pub(crate) log_stamp: Option<i64>,
    pub(crate) log_body: Option<Bytes>,
    pub(crate) log_count: Option<i64>,
    pub(crate) log_checksum: Option<i64>,
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
        let buckets = |n: i32| u32::try_from(n).ok().filter(|n| (1..=MAX_BUCKETS).contains(n));
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

impl CassandraTask {
    /// The record; an owner also sees what a conditional change has begun and not ended.
    pub(crate) async fn read_record(&self, serial: bool) -> Result<Option<Meta>> {
        let statements = &self.shared.statements;
        let statement = if serial { &statements.load_serial } else { &statements.load };
        let doing = self.doing("read the record of");
        let mut records = self.shared.ask::<Record>(statement, (&self.name,), doing).await?;
        let Some(record) = records.pop() else { return Ok(None) };
        let (meta, buckets) = record.read().map_err(|error| error.context(doing))?;
        // The first to be read stays: they are never changed.
        let _ = self.buckets.set(buckets);
        Ok(Some(meta))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use store_core::{ErrorKind, backend::OwnerId, redo::Body};
    use uuid::Uuid;

    use super::Record;

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
