//! Conditional changes of the record.

use std::{fmt::Display, time::Duration};

use scylla::{
    serialize::row::SerializeRow,
    statement::prepared::PreparedStatement,
    value::{CqlValue, Row as AnyRow},
};
use store_core::{
    Effect, Error, ErrorKind, Result,
    redo::{Body, Meta, MetaChange, Swap},
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::{
    layout::{Buckets, VERSION, signed},
    task::{CassandraTask, Doing},
};

const FIRST_PAUSE: Duration = Duration::from_millis(50);

impl CassandraTask {
    pub(crate) async fn change(&self, change: &MetaChange) -> Result<Swap> {
        let (MetaChange::Claim { fence }
        | MetaChange::Commit { fence, .. }
        | MetaChange::Clear { fence, .. }
        | MetaChange::Destroy { fence, .. }) = change;
        let (name, statements) = (&self.name, &self.shared.statements);
        let (epoch, owner) = (signed(fence.epoch)?, Uuid::from_u128(fence.owner.as_u128()));
        match change {
            // There is no record yet, or one of our own making.
            MetaChange::Claim { .. } if epoch == 1 => {
                let Buckets { whole, segment } = self.shared.config.buckets();
                // Invariant: the settings are checked to be at most 256.
                let [whole, segment] =
                    [whole, segment].map(|n| i32::try_from(n).expect("a small number"));
                let values = (name, VERSION, whole, segment, epoch, owner);
                self.conditional(change, &statements.create, values).await
            }
            MetaChange::Claim { .. } => {
                let values = (epoch, owner, name, epoch);
                self.conditional(change, &statements.claim, values).await
            }
            MetaChange::Commit { previous, sequence, pending, checkpoint, .. } => {
                let (body, count, checksum) = match &pending.body {
                    Body::Inline(body) => (Some(body), None, None),
                    Body::Chunks { count, checksum } => {
                        (None, Some(i64::from(*count)), Some(i64::from(*checksum)))
                    }
                };
                let (stamp, log) = (pending.stamp, pending.log);
                let values = (
                    signed(*sequence)?,
                    stamp,
                    checkpoint,
                    signed(log.epoch)?,
                    log.attempt,
                    stamp,
                    body,
                    count,
                    checksum,
                    name,
                    epoch,
                    owner,
                    signed(*previous)?,
                );
                self.conditional(change, &statements.commit, values).await
            }
            MetaChange::Clear { sequence, .. } => {
                let values = (name, epoch, owner, signed(*sequence)?);
                self.conditional(change, &statements.clear_mark, values).await
            }
            MetaChange::Destroy { wipe, .. } => {
                let values = (wipe, epoch, wipe, name, epoch, owner);
                self.conditional(change, &statements.destroy, values).await
            }
        }
    }

    /// Sends a conditional statement until its outcome is known, and no longer than one request may take.
    async fn conditional(
        &self,
        change: &MetaChange,
        statement: &PreparedStatement,
        values: impl SerializeRow + Sync,
    ) -> Result<Swap> {
        let (config, doing) = (&self.shared.config, self.doing("change the record of"));
        let send = || self.send(statement, &values, doing);
        let load = || self.read_record(true);
        within(config.timeout(), doing, settle(change, config.retries, send, load)).await
    }

    /// Sends a conditional statement once; says whether it was applied.
    async fn send(
        &self,
        statement: &PreparedStatement,
        values: &(impl SerializeRow + Sync),
        doing: Doing<'_>,
    ) -> Result<bool> {
        let row = self.shared.ask::<AnyRow>(statement, values, doing).await?.pop();
        row.as_ref().and_then(applied).ok_or_else(|| {
            let message = format!("cannot {doing}: the server does not say whether it did");
            Error::new(ErrorKind::Unsupported, message).with_effect(Effect::Unknown)
        })
    }
}

/// Ends what takes longer, which may still take effect.
pub(crate) async fn within<T>(
    limit: Duration,
    doing: impl Display,
    change: impl Future<Output = Result<T>>,
) -> Result<T> {
    timeout(limit, change).await.unwrap_or_else(|elapsed| {
        let message = format!("cannot {doing}: no answer came in time");
        let error = Error::new(ErrorKind::Timeout, message).with_source(elapsed);
        Err(error.with_effect(Effect::Unknown))
    })
}

/// Sends a change, and the same again while its outcome is unknown.
///
/// A refusal after an unknown outcome may be of our own making, or hide that it took effect before somebody else's: then
/// only a record that shows the change is an answer.
async fn settle<S, L>(
    change: &MetaChange,
    mut retries: u32,
    send: impl Fn() -> S,
    load: impl Fn() -> L,
) -> Result<Swap>
where
    S: Future<Output = Result<bool>>,
    L: Future<Output = Result<Option<Meta>>>,
{
    let (mut pause, mut unknown) = (FIRST_PAUSE, None::<Error>);
    loop {
        let error = match send().await {
            Ok(true) => return Ok(Swap::Applied),
            Ok(false) => break,
            Err(error) => error,
        };
        if error.effect() == Effect::NotApplied && unknown.is_none() {
            return Err(error);
        }
        let first = unknown.take().unwrap_or(error);
        if retries == 0 {
            return Err(first.with_effect(Effect::Unknown));
        }
        unknown = Some(first);
        sleep(pause).await;
        (retries, pause) = (retries - 1, pause * 2);
    }
    let unsettled = if unknown.is_some() { Effect::Unknown } else { Effect::NotApplied };
    let stored = load().await.map_err(|error| error.with_effect(unsettled))?;
    match unknown {
        Some(error) if !stored.as_ref().is_none_or(|stored| change.is_shown_by(stored)) => {
            Err(error.with_effect(Effect::Unknown))
        }
        _ => Ok(Swap::Refused(stored)),
    }
}

/// Whether a conditional statement was applied.
///
/// Cassandra answers with `[applied]` and, where it was not, some columns; ScyllaDB always with all of the statement's.
fn applied(row: &AnyRow) -> Option<bool> {
    row.columns.first().cloned().flatten().as_ref().and_then(CqlValue::as_boolean)
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::Mutex,
        time::Duration,
    };

    use bytes::Bytes;
    use futures::{FutureExt, future::BoxFuture};
    use scylla::value::{CqlValue, Row};
    use store_core::{
        Effect, Error, ErrorKind, Result,
        backend::{Fence, OwnerId},
        redo::{Body, LogName, Meta, MetaChange, Pending, Swap},
    };
    use tokio::time::Instant;
    use uuid::Uuid;

    use super::{applied, settle, within};

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

    const LIMIT: Duration = Duration::from_secs(10);

    /// What becomes of sending a change once.
    #[derive(Clone, Copy)]
    enum End {
        Applied,
        Refused,
        Unknown,
        NotApplied,
        Silence,
    }

    fn end(end: End) -> BoxFuture<'static, Result<bool>> {
        let error = |kind| Error::new(kind, "no");
        match end {
            End::Applied => ready(Ok(true)).boxed(),
            End::Refused => ready(Ok(false)).boxed(),
            End::Unknown => ready(Err(error(ErrorKind::Timeout))).boxed(),
            End::NotApplied => ready(Err(error(ErrorKind::Throttled))).boxed(),
            End::Silence => pending().boxed(),
        }
    }

    fn fence(epoch: u64) -> Fence {
        Fence::new(epoch, OwnerId::from_u128(7))
    }

    fn commit() -> MetaChange {
        let log = LogName::new(3, Uuid::from_u128(9));
        let pending = Pending::new(log, 100, Body::Inline(Bytes::from_static(b"log")));
        let checkpoint = Bytes::from_static(b"checkpoint");
        MetaChange::Commit { fence: fence(3), previous: 4, sequence: 5, pending, checkpoint }
    }

    /// The record before the commit, or after it.
    fn record(committed: bool) -> Meta {
        let mut meta = Meta::new(fence(3));
        meta.sequence = 4;
        if let (true, MetaChange::Commit { pending, sequence, .. }) = (committed, commit()) {
            (meta.sequence, meta.pending) = (sequence, Some(pending));
        }
        meta
    }

    /// Sends a commit with these ends, with two retries; then a record is read, or none ever comes.
    async fn send(ends: &[End], stored: Option<Meta>) -> (Result<Swap>, usize, Duration) {
        let (start, sent) = (Instant::now(), Mutex::new(0));
        let next = || {
            let mut sent = sent.lock().unwrap();
            *sent += 1;
            end(ends[*sent - 1])
        };
        let load = || match &stored {
            Some(stored) => ready(Ok(Some(stored.clone()))).boxed(),
            None => pending::<Result<Option<Meta>>>().boxed(),
        };
        let swap = within(LIMIT, "commit", settle(&commit(), 2, next, load)).await;
        let sent = *sent.lock().unwrap();
        (swap, sent, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_outcome_is_sent_again() {
        let (swap, sent, _) = send(&[End::Unknown, End::Unknown, End::Applied], None).await;
        assert_eq!((swap.unwrap(), sent), (Swap::Applied, 3));
        let (swap, sent, _) = send(&[End::Unknown; 3], None).await;
        let error = swap.unwrap_err();
        assert_eq!((error.kind(), error.effect(), sent), (ErrorKind::Timeout, Effect::Unknown, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_error_without_effect_is_an_answer_and_a_later_one_is_none() {
        let (swap, sent, _) = send(&[End::NotApplied], None).await;
        assert_eq!((swap.unwrap_err().effect(), sent), (Effect::NotApplied, 1));
        let (swap, sent, _) = send(&[End::Unknown, End::NotApplied, End::NotApplied], None).await;
        assert_eq!((swap.unwrap_err().effect(), sent), (Effect::Unknown, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_after_an_unknown_outcome_is_an_answer_only_if_the_record_shows_the_change() {
        let (before, after) = (record(false), record(true));
        let (swap, ..) = send(&[End::Refused], Some(before.clone())).await;
        assert_eq!(swap.unwrap(), Swap::Refused(Some(before.clone())));
        let ends = [End::Unknown, End::Refused];
        let (swap, ..) = send(&ends, Some(after.clone())).await;
        assert_eq!(swap.unwrap(), Swap::Refused(Some(after)));
        let (swap, ..) = send(&ends, Some(before)).await;
        assert_eq!(swap.unwrap_err().effect(), Effect::Unknown);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_takes_no_longer_than_one_request_may() {
        for ends in [
            &[End::Silence][..],
            &[End::Unknown, End::Silence],
            &[End::Refused],
            &[End::Unknown, End::Refused],
        ] {
            let (swap, sent, elapsed) = send(ends, None).await;
            let error = swap.unwrap_err();
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Timeout, Effect::Unknown));
            assert_eq!(sent, ends.len());
            assert!(elapsed < LIMIT + Duration::from_millis(10), "it took {elapsed:?}");
        }
    }
}
