//! Sessions of a range of keys.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{AT, CUT, Row, VISITS, filled, half_committed, numbered, searches};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, STAGES, ordered},
        timed::collect,
        warnings::warnings,
    },
};

fn seven() -> Vec<Row> {
    numbered(&[
        ("a", 0, 0),
        ("aa", 1, 20),
        ("aaa", 3, 10),
        ("aaaa", 0, 5),
        ("b", 9, 9),
        ("bb", 2, 30),
        ("bbb", 4, 8),
    ])
}

async fn between(context: &Context, order: Order) -> Result<()> {
    let rows = seven();
    let mut opened = filled(context, &VISITS, &rows).await?;
    let (aa, bb) = (Some("aa".to_owned()), Some("bb".to_owned()));
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for (end, start) in [(i64::MIN, i64::MAX), (0, i64::MAX)] {
            let found = visits.find_keys(aa.clone(), bb.clone(), end, start, order);
            let found = collect(found).await?;
            ensure!(found == ordered(&rows[1..6], order), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn between_two_keys(context: Context) -> Result<()> {
    between(&context, Order::Forward).await
}

pub(crate) async fn between_two_keys_backward(context: Context) -> Result<()> {
    between(&context, Order::Backward).await
}

pub(crate) async fn one_key_is_a_range_of_one(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 0, 4), ("aa", 0, 3), ("aa", 0, 4), ("aa", 11, 12), ("aaa", 0, 4)]);
    same(&context, &rows, false).await
}

pub(crate) async fn one_key_is_a_range_of_one_half_committed(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 0, 4), ("aa", 0, 3), ("aa", 0, 4), ("aa", 11, 12), ("aaa", 0, 4)]);
    same(&context, &rows, true).await
}

async fn same(context: &Context, rows: &[Row], half: bool) -> Result<()> {
    let mut opened = match half {
        true => half_committed(context, &VISITS, rows).await?,
        false => filled(context, &VISITS, rows).await?,
    };
    let aa = "aa".to_owned();
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for order in ORDERS {
            let one = collect(visits.find(&aa, 0, 10, order)).await?;
            let one: Vec<Row> =
                one.into_iter().map(|(at, value)| (aa.clone(), at, value)).collect();
            let keys = visits.find_keys(Some(aa.clone()), Some(aa.clone()), 0, 10, order);
            let keys = collect(keys).await?;
            ensure!(one == keys, "{stage:?}: {one:?} but {keys:?}");
            ensure!(one == ordered(&rows[1..3], order), "{stage:?}: {one:?}");
        }
    }
    Ok(())
}

pub(crate) async fn inverted_keys_are_empty(context: Context) -> Result<()> {
    let mut opened = filled(&context, &VISITS, &seven()).await?;
    let (low, high) = (Some("a".to_owned()), Some("b".to_owned()));
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for order in ORDERS {
            let (high, low) = (high.clone(), low.clone());
            let inverted = async { collect(visits.find_keys(high, low, 0, 99, order)).await };
            let (found, warned) = warnings(inverted).await;
            ensure!(found?.is_empty() && warned == 1, "{stage:?}: {warned} warnings");
        }
    }
    Ok(())
}

pub(crate) async fn segment_by_segment(context: Context) -> Result<()> {
    // In the order that every backend gives: by segment of the end, key, end, start.
    let rows = numbered(&[
        ("a", 0, 5),
        ("a", 3, 5),
        ("a", 0, 999),
        ("b", 2, 3),
        ("a", 999, 1000),
        ("b", 0, 1000),
        ("b", 1000, 1000),
        ("c", 4, 1999),
        ("a", 0, 4500),
    ]);
    let mut put = rows.clone();
    put.reverse();
    put.swap(0, 4);
    let mut opened = half_committed(&context, &CUT, &put).await?;
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(visits.all(order)).await?;
            ensure!(found == ordered(&rows, order), "{stage:?}: {found:?}");
        }
        let found = collect(visits.fetch(&"b".to_owned(), Order::Forward)).await?;
        let ends = [AT(2, 3), AT(0, 1000), AT(1000, 1000)];
        ensure!(found.iter().map(|(at, _)| *at).eq(ends), "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn open_bounds_half_committed(context: Context) -> Result<()> {
    let rows = seven();
    let opened = half_committed(&context, &VISITS, &rows).await?;
    let asked = [
        ((Some("aa"), Some("b"), 0, i64::MAX), rows[1..5].to_vec()),
        ((None, Some("aaa"), 0, i64::MAX), rows[..3].to_vec()),
        ((Some("b"), None, 0, i64::MAX), rows[4..].to_vec()),
        ((None, None, 0, i64::MAX), rows.clone()),
        ((None, None, 20, 2), vec![rows[1].clone(), rows[5].clone()]),
    ];
    searches(opened, &asked).await
}
