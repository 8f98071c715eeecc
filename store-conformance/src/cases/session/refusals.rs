//! Keys and sessions that are none.

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use store_core::prelude::*;

use super::tools::{AT, VISITS, filled, numbered};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES},
        timed::{collect, ms},
        unencodable::Perhaps,
    },
    waist::kind,
};

static KEYED: Session<Perhaps, u32> = Session::new("keyed", ms(100));
const SOME: Perhaps = Perhaps(Some(1));
const NONE: Perhaps = Perhaps(None);
const REFUSED: Option<ErrorKind> = Some(ErrorKind::Encode);

async fn opened(context: &Context) -> Result<Opened<'_, Session<Perhaps, u32>>> {
    let opened = Opened::new(context, &KEYED).await?;
    opened.store.put(&SOME, AT(0, 9), Some(&1)).await?;
    Ok(opened)
}

/// Nothing was written, and time did not move.
async fn untouched(opened: &mut Opened<'_, Session<Perhaps, u32>>) -> Result<()> {
    for stage in STAGES {
        let found = collect(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == [(SOME, AT(0, 9), 1)], "{stage:?}: {found:?}");
    }
    ensure!(opened.store.late_records() == 0);
    Ok(())
}

pub(crate) async fn find(context: Context) -> Result<()> {
    let mut opened = opened(&context).await?;
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for (from, to) in [(Some(NONE), None), (None, Some(NONE)), (Some(NONE), Some(SOME))] {
            let found = kind(visits.find_keys(from, to, 0, 9, Order::Forward).try_next().await);
            ensure!(found == REFUSED, "{stage:?} {from:?} {to:?}: {found:?}");
        }
        let found = kind(visits.find(&NONE, 0, 9, Order::Forward).try_next().await);
        ensure!(found == REFUSED, "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn fetch(context: Context) -> Result<()> {
    let mut opened = opened(&context).await?;
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        let found = kind(visits.fetch(&NONE, Order::Forward).try_next().await);
        ensure!(found == REFUSED, "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn remove(context: Context) -> Result<()> {
    let mut opened = opened(&context).await?;
    let removed = kind(opened.store.remove(&NONE, AT(0, 9)).await);
    ensure!(removed == REFUSED, "{removed:?}");
    untouched(&mut opened).await
}

pub(crate) async fn all_others(context: Context) -> Result<()> {
    let mut opened = opened(&context).await?;
    let visits = &opened.store;
    let refused = [
        kind(visits.put(&NONE, AT(500, 900), Some(&2)).await),
        kind(visits.put(&NONE, AT(500, 900), None).await),
        kind(visits.merge(&NONE, AT(500, 900), 10, |_| 2).await),
        kind(visits.get(&NONE, AT(0, 9)).await),
        kind(visits.find(&NONE, 0, 9, Order::Backward).try_next().await),
        kind(visits.fetch(&NONE, Order::Backward).try_next().await),
    ];
    ensure!(refused == [REFUSED; 6], "{refused:?}");
    untouched(&mut opened).await
}

/// The same where some sessions are committed and some are not, and `Closed` when the task is.
pub(crate) async fn half_committed_and_closed(context: Context) -> Result<()> {
    let opened = opened(&context).await?;
    opened.commit().await?;
    opened.store.put(&SOME, AT(1, 9), Some(&2)).await?;
    for (key, expected) in [(NONE, ErrorKind::Encode), (SOME, ErrorKind::Closed)] {
        if expected == ErrorKind::Closed {
            opened.task.close().await?;
        }
        let visits = &opened.store;
        for order in ORDERS {
            let found = kind(visits.find(&key, 0, 9, order).try_next().await);
            ensure!(found == Some(expected), "find: {found:?}");
            let found = kind(visits.fetch(&key, order).try_next().await);
            ensure!(found == Some(expected), "fetch: {found:?}");
        }
        let refused = [
            kind(visits.remove(&key, AT(0, 9)).await),
            kind(visits.put(&key, AT(0, 9), Some(&3)).await),
            kind(visits.get(&key, AT(0, 9)).await),
        ];
        ensure!(refused == [Some(expected); 3], "{refused:?}");
    }
    Ok(())
}

pub(crate) async fn sessions_that_are_none(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 0, 9)]);
    let mut opened = filled(&context, &VISITS, &rows).await?;
    let a = "a".to_owned();
    for session in [AT(-1, 5), AT(6, 5), AT(i64::MIN, i64::MAX), AT(90_000, 0)] {
        let refused = [
            kind(opened.store.put(&a, session, Some(&1)).await),
            kind(opened.store.put(&a, session, None).await),
            kind(opened.store.merge(&a, session, 1, |_| 1).await),
            kind(opened.store.remove(&a, session).await),
        ];
        ensure!(refused == [Some(ErrorKind::InvalidArgument); 4], "{session:?}: {refused:?}");
        ensure!(opened.store.get(&a, session).await?.is_none(), "a read may ask for anything");
    }
    for stage in STAGES {
        let found = collect(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == rows, "{stage:?}: {found:?}");
    }
    Ok(())
}
