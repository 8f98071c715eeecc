//! Sessions that come too late.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{AT, VISITS, Visits, filled, numbered, put};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES},
        timed::collect,
    },
};

pub(crate) async fn a_late_put_is_counted(context: Context) -> Result<()> {
    let mut opened = filled(&context, &VISITS, &numbered(&[("a", 100_000, 120_000)])).await?;
    let (a, b) = ("a".to_owned(), "b".to_owned());
    ensure!(opened.store.put(&a, AT(0, 0), Some(&1)).await? == Written::Late);
    ensure!(opened.store.late_records() == 1);
    ensure!(opened.store.put(&b, AT(0, 120_000), Some(&1)).await? == Written::Stored);
    ensure!(opened.store.late_records() == 1);
    let expected = numbered(&[("a", 100_000, 120_000), ("b", 0, 120_000)]);
    for stage in STAGES {
        let found = collect(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == expected, "{stage:?}: {found:?}");
    }
    Ok(())
}

/// Sessions that end at 1 and 2, and stream time such that the first has just expired.
async fn at_the_boundary(context: &Context) -> Result<Opened<'_, Visits>> {
    let rows = numbered(&[("a", 0, 1), ("a", 0, 2), ("b", 3, 10_001)]);
    filled(context, &VISITS, &rows).await
}

pub(crate) async fn reads_end_at_the_boundary(context: Context) -> Result<()> {
    let mut opened = at_the_boundary(&context).await?;
    let a = "a".to_owned();
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        ensure!(visits.get(&a, AT(0, 1)).await?.is_none(), "{stage:?}");
        ensure!(visits.get(&a, AT(0, 2)).await? == Some(1), "{stage:?}");
        for order in ORDERS {
            for found in [visits.fetch(&a, order), visits.find(&a, 0, 2, order)] {
                let found = collect(found).await?;
                ensure!(found == [(AT(0, 2), 1)], "{stage:?}: {found:?}");
            }
            let keys = visits.find_keys(None, Some(a.clone()), 0, i64::MAX, order);
            let found = collect(keys).await?;
            ensure!(found == [(a.clone(), AT(0, 2), 1)], "{stage:?}: {found:?}");
            ensure!(collect(visits.all(order)).await?.len() == 2, "{stage:?}");
        }
    }
    ensure!(opened.store.put(&a, AT(0, 1), Some(&5)).await? == Written::Late);
    ensure!(opened.store.put(&a, AT(0, 1), None).await? == Written::Late);
    ensure!(opened.store.put(&a, AT(1, 2), Some(&5)).await? == Written::Stored);
    Ok(())
}

pub(crate) async fn an_expired_one_can_be_removed(context: Context) -> Result<()> {
    let mut opened = at_the_boundary(&context).await?;
    for stage in STAGES {
        opened.at(stage).await?;
        opened.store.remove(&"a".to_owned(), AT(0, 1)).await?;
        ensure!(opened.store.late_records() == 0, "{stage:?}");
        let found = collect(opened.store.all(Order::Forward)).await?;
        let expected = numbered(&[("a", 0, 1), ("a", 0, 2), ("b", 3, 10_001)]);
        ensure!(found == expected[1..], "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn time_outlives_the_task(context: Context) -> Result<()> {
    let mut opened = at_the_boundary(&context).await?;
    opened.commit().await?;
    for closed in [false, true] {
        if closed {
            opened.task.close().await?;
        }
        opened.reopen().await?;
        let a = "a".to_owned();
        ensure!(opened.store.put(&a, AT(0, 1), Some(&5)).await? == Written::Late, "{closed}");
        ensure!(opened.store.late_records() == 1, "closed: {closed}");
        ensure!(opened.store.put(&a, AT(1, 2), Some(&5)).await? == Written::Stored, "{closed}");
    }
    Ok(())
}

pub(crate) async fn only_puts_move_time(context: Context) -> Result<()> {
    let opened = filled(&context, &VISITS, &numbered(&[("a", 0, 2)])).await?;
    let a = "a".to_owned();
    opened.store.remove(&a, AT(50_000, 90_000)).await?;
    ensure!(opened.store.get(&a, AT(50_000, 90_000)).await?.is_none());
    ensure!(opened.store.get(&a, AT(0, 2)).await? == Some(0), "a removal moved time");
    opened.store.put(&a, AT(90_000, 90_000), None).await?;
    ensure!(opened.store.get(&a, AT(0, 2)).await?.is_none(), "a put did not");
    let late = opened.store.merge(&a, AT(0, 1), 0, |_| unreachable!()).await?;
    ensure!(late == Written::Late && opened.store.late_records() == 1);
    Ok(())
}

pub(crate) async fn a_rollback_takes_time_back(context: Context) -> Result<()> {
    let mut opened = filled(&context, &VISITS, &numbered(&[("a", 0, 2)])).await?;
    opened.commit().await?;
    opened.store.put(&"a".to_owned(), AT(0, 90_000), Some(&1)).await?;
    opened.task.rollback().await?;
    let rows = numbered(&[("a", 0, 2), ("b", 0, 0)]);
    put(&*opened.store, &rows[1..]).await?;
    for stage in STAGES {
        let found = collect(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == rows, "{stage:?}: {found:?}");
    }
    Ok(())
}
