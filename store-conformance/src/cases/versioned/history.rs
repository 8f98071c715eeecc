//! Histories of a key.

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use store_core::prelude::*;

use super::tools::{H, I, Modelled, RATES, Record, Version, record, text};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::collect,
    },
    waist::kind,
};

/// Versions before the edge of a segment, two tombstones among them.
const SIX: [Version<'_>; 6] = [
    (Some("v1"), I - 30),
    (Some("v2"), I - 25),
    (None, I - 20),
    (None, I - 15),
    (Some("v3"), I - 10),
    (Some("v4"), I - 5),
];

/// What a history of them tells, forward.
fn four() -> Vec<Record> {
    vec![
        record("v1", I - 30, I - 25),
        record("v2", I - 25, I - 20),
        record("v3", I - 10, I - 5),
        record("v4", I - 5, None),
    ]
}

/// Asks for histories from and to times before the edge.
async fn told(context: &Context, order: Order, asked: &[(i64, i64, &[Record])]) -> Result<()> {
    let mut versions = Modelled::new(context).await?;
    versions.put(&SIX).await?;
    for stage in STAGES {
        let rates = versions.opened.at(stage).await?;
        for (from, to, expected) in asked {
            let found = collect(rates.history(&text("k"), I + from, I + to, order)).await?;
            ensure!(found == ordered(expected, order), "{stage:?}, {from} to {to}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn with_the_end_of_each(context: Context) -> Result<()> {
    told(&context, Order::Backward, &[(-30, -5, &four())]).await
}

pub(crate) async fn parts_of_it(context: Context) -> Result<()> {
    let all = four();
    let asked: [(i64, i64, &[Record]); 4] =
        [(-24, -11, &all[1..2]), (-15, -10, &all[2..3]), (-19, -16, &[]), (-40, -35, &[])];
    told(&context, Order::Backward, &asked).await?;
    context.database().await?.destroy("app", 0).await?;
    told(&context, Order::Forward, &asked).await
}

pub(crate) async fn forward(context: Context) -> Result<()> {
    told(&context, Order::Forward, &[(-30, -5, &four()), (-1000, 1000, &four())]).await
}

/// Versions in two segments and the latest one in a third.
async fn over_segments(context: &Context, order: Order) -> Result<()> {
    let mut versions = Modelled::new(context).await?;
    versions.put(&[(Some("v1"), 10), (Some("v2"), I - 10)]).await?;
    versions.opened.commit().await?;
    versions.put(&[(None, I - 5), (Some("v3"), I + 10), (Some("v4"), 2 * I + 10)]).await?;
    let expected = [
        record("v1", 10, I - 10),
        record("v2", I - 10, I - 5),
        record("v3", I + 10, 2 * I + 10),
        record("v4", 2 * I + 10, None),
    ];
    for stage in STAGES {
        let rates = versions.opened.at(stage).await?;
        let found = collect(rates.history(&text("k"), 0, 3 * I, order)).await?;
        ensure!(found == ordered(&expected, order), "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn forward_over_segments(context: Context) -> Result<()> {
    over_segments(&context, Order::Forward).await
}

pub(crate) async fn backward_over_segments(context: Context) -> Result<()> {
    over_segments(&context, Order::Backward).await
}

pub(crate) async fn of_what_expired(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let (k, gone) = (text("k"), text("gone"));
    for key in [&k, &gone] {
        opened.store.put(key, Some(&text("a")), 10).await?;
        opened.store.put(key, Some(&text("b")), 20).await?;
    }
    opened.store.delete(&gone, 40).await?;
    // The history begins at 50 by now.
    opened.store.put(&text("clock"), None, H + 50).await?;
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(rates.history(&k, 0, 19, order)).await?;
            ensure!(found.is_empty(), "{stage:?}, an expired one: {found:?}");
            let found = collect(rates.history(&k, 0, 30, order)).await?;
            ensure!(found == [record("b", 20, None)], "{stage:?}, the latest: {found:?}");
            let found = collect(rates.history(&gone, 0, 30, order)).await?;
            ensure!(found.is_empty(), "{stage:?}, before a tombstone: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn must_end_after_it_begins(context: Context) -> Result<()> {
    let mut versions = Modelled::new(&context).await?;
    versions.put(&SIX).await?;
    for stage in STAGES {
        let rates = versions.opened.at(stage).await?;
        for (from, to) in [(5, 5), (6, 5), (I, I - 30), (i64::MAX, i64::MIN)] {
            for order in ORDERS {
                let refused = kind(rates.history(&text("k"), from, to, order).try_next().await);
                ensure!(refused == Some(ErrorKind::InvalidArgument), "{stage:?}: {refused:?}");
            }
        }
    }
    Ok(())
}

pub(crate) async fn long_ones_come_in_pages(context: Context) -> Result<()> {
    let mut opened = Opened::paged(&context, &RATES, 3).await?;
    let k = text("k");
    for time in (0..100).step_by(2).chain((1..100).step_by(2)) {
        opened.store.put(&k, Some(&time.to_string()), time).await?;
        if time % 30 == 0 {
            opened.commit().await?;
        }
    }
    let expected: Vec<_> = (9..=60).map(|time| record(&time.to_string(), time, time + 1)).collect();
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(rates.history(&k, 9, 60, order)).await?;
            ensure!(found == ordered(&expected, order), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}
