//! Listings of windows of which some are committed and some are not.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{Row, put, rows};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::{collect, ms},
        warnings::warnings,
    },
};

/// Segments of 100 ms.
pub(super) static TEXTS: Window<String, u32> =
    Window::new("texts", ms(10), ms(1000)).segments(ms(100));
pub(super) type Texts = Window<String, u32>;

pub(super) fn row(key: &str, start: i64, value: u32) -> Row<String, u32> {
    (key.to_owned(), start, value)
}

/// A task with these rows, every other one committed, in pages of two.
pub(super) async fn half_committed<'a>(
    context: &'a Context,
    rows: &[Row<String, u32>],
) -> Result<Opened<'a, Texts>> {
    let opened = Opened::paged(context, &TEXTS, 2).await?;
    let every_other = |from: usize| rows.iter().skip(from).step_by(2).cloned().collect::<Vec<_>>();
    put(&*opened.store, &every_other(0)).await?;
    opened.commit().await?;
    put(&*opened.store, &every_other(1)).await?;
    Ok(opened)
}

pub(crate) async fn open_bounds(context: Context) -> Result<()> {
    let model = [row("a", 0, 1), row("b", 10, 2), row("c", 20, 3)];
    let mut opened = half_committed(&context, &model).await?;
    let key = |key: &str| Some(key.to_owned());
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            for (from, to, expected) in [
                (None, key("b"), &model[..2]),
                (key("b"), None, &model[1..]),
                (None, None, &model[..]),
            ] {
                let found = rows(windows.fetch_keys(from, to, 0, 20, order)).await?;
                ensure!(found == ordered(expected, order), "{stage:?}: {found:?}");
            }
        }
    }
    Ok(())
}

pub(crate) async fn stretches_of_time(context: Context) -> Result<()> {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let model: Vec<_> = (0..).zip(names).map(|(n, name)| row(name, i64::from(n), n)).collect();
    let mut opened = half_committed(&context, &model).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            for (from, to, expected) in
                [(0, 7, &model[..]), (2, 4, &model[2..=4]), (5, 7, &model[5..])]
            {
                let found = rows(windows.fetch_all(from, to, order)).await?;
                ensure!(found == ordered(expected, order), "{stage:?}: {found:?}");
            }
        }
    }
    Ok(())
}

pub(crate) async fn one_in_each_come_in_order(context: Context) -> Result<()> {
    let model = [row("a", 0, 1), row("a", 10, 2)];
    let mut opened = half_committed(&context, &model).await?;
    let a = "a".to_owned();
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(windows.fetch(&a, 0, 10, order)).await?;
            ensure!(found == ordered(&[(0, 1), (10, 2)], order), "{stage:?}: {found:?}");
            let keys = windows.fetch_keys(Some(a.clone()), Some(a.clone()), 0, 10, order);
            let found = rows(keys).await?;
            ensure!(found == ordered(&model, order), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn keys_that_begin_alike(context: Context) -> Result<()> {
    // The last two lie in the next segment.
    let model = [
        row("a", 0, 1),
        row("a", 1, 2),
        row("aa", 0, 3),
        row("aa", 1, 4),
        row("a", 100, 5),
        row("aa", 100, 6),
    ];
    let mut opened = half_committed(&context, &model).await?;
    let (a, aa) = ("a".to_owned(), "aa".to_owned());
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(windows.fetch(&a, 0, 100, order)).await?;
            ensure!(found == ordered(&[(0, 1), (1, 2), (100, 5)], order), "{stage:?}: {found:?}");
            let keys = windows.fetch_keys(Some(a.clone()), Some(aa.clone()), 0, 100, order);
            let found = rows(keys).await?;
            ensure!(found == ordered(&model, order), "{stage:?}: {found:?}");
            let keys = windows.fetch_keys(Some(aa.clone()), Some(aa.clone()), 0, 99, order);
            let found = rows(keys).await?;
            ensure!(found == ordered(&model[2..4], order), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn inverted_keys_are_empty(context: Context) -> Result<()> {
    let mut opened = half_committed(&context, &[row("a", 0, 1), row("b", 0, 2)]).await?;
    let (low, high) = (Some("a".to_owned()), Some("b".to_owned()));
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            let inverted =
                async { rows(windows.fetch_keys(high.clone(), low.clone(), 0, 9, order)).await };
            let (found, warned) = warnings(inverted).await;
            ensure!(found?.is_empty() && warned == 1, "{stage:?}: {warned} warnings");
        }
    }
    Ok(())
}
