//! Windows of one key.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{A, B, RETENTION, Row, S, filled, put, rows};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, STAGES, ordered},
        timed::collect,
    },
};

/// The starts and values of key 2 within a range of times.
fn of_two(from: i64, to: i64) -> Vec<(i64, u32)> {
    let within = |(key, start, _): &&Row| *key == 2 && (from..=to).contains(start);
    A.iter().chain(&B).filter(within).map(|(_, start, value)| (*start, *value)).collect()
}

pub(crate) async fn a_fetch_around_one_window(context: Context) -> Result<()> {
    let mut opened = filled(&context, &A).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(windows.fetch(&0, S - 3, S + 3, order)).await?;
            ensure!(found == [(S, 0)], "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn each_window_by_its_start(context: Context) -> Result<()> {
    let mut opened = filled(&context, &[A, B].concat()).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for (key, start, value) in B {
            let found = windows.get(&key, start).await?;
            ensure!(found == Some(value), "{stage:?} at {start}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn a_fetch_that_slides_over_windows(context: Context) -> Result<()> {
    let mut opened = filled(&context, &[A, B].concat()).await?;
    let counts = [0, 0, 0, 1, 2, 3, 4, 4, 4, 4, 3, 2, 1, 0, 0];
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for (to, count) in (S - 1..).zip(counts) {
            let expected = of_two(to - 3, to);
            ensure!(expected.len() == count, "the case itself");
            let found = collect(windows.fetch(&2, to - 3, to, Order::Forward)).await?;
            ensure!(found == expected, "{stage:?} up to {to}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn a_window_that_is_not_there(context: Context) -> Result<()> {
    let mut opened = filled(&context, &A).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for (key, start) in [(0, S + 1), (0, S - 1), (9, S), (1, S)] {
            let found = windows.get(&key, start).await?;
            ensure!(found.is_none(), "{stage:?}: {key} at {start} is {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn one_key_is_a_range_of_one(context: Context) -> Result<()> {
    let mut opened = filled(&context, &[]).await?;
    let mine = [(2, 0, 1), (2, 3, 2), (2, 5, 3), (2, 6, 4)];
    put(&*opened.store, &mine).await?;
    put(&*opened.store, &[(1, 0, 5), (3, 5, 6)]).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            let single = collect(windows.fetch(&2, 0, 5, order)).await?;
            let single: Vec<Row> = single.into_iter().map(|(start, v)| (2, start, v)).collect();
            let range = rows(windows.fetch_keys(Some(2), Some(2), 0, 5, order)).await?;
            ensure!(single == range, "{stage:?}: {single:?} but {range:?}");
            ensure!(single == ordered(&mine[..3], order), "{stage:?}: {single:?}");
        }
    }
    Ok(())
}

pub(crate) async fn a_late_window_does_not_show(context: Context) -> Result<()> {
    let mut opened = filled(&context, &[(1, 0, 1), (1, 4 * RETENTION, 2)]).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(windows.fetch(&1, 0, 10, order)).await?;
            ensure!(found.is_empty(), "{stage:?}: {found:?}");
        }
        ensure!(windows.get(&1, 4 * RETENTION).await? == Some(2), "{stage:?}");
    }
    Ok(())
}
