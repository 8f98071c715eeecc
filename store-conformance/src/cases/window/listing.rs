//! Windows of all keys.

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt};
use store_core::{EngineConfig, prelude::*};

use super::tools::{A, Row, S, filled, rows};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, STAGES, ordered},
        timed::ms,
        watched::Watched,
    },
};

async fn all(context: &Context, order: Order) -> Result<()> {
    let mut opened = filled(context, &A).await?;
    for stage in STAGES {
        let found = rows(opened.at(stage).await?.all(order)).await?;
        ensure!(found == ordered(&A, order), "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn all_by_time(context: Context) -> Result<()> {
    all(&context, Order::Forward).await
}

pub(crate) async fn all_backward(context: Context) -> Result<()> {
    all(&context, Order::Backward).await
}

/// The rows of batch A whose windows start from `S + from` to `S + to`.
async fn between(context: &Context, order: Order, asked: &[(i64, i64, &[Row])]) -> Result<()> {
    let mut opened = filled(context, &A).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for (from, to, expected) in asked {
            let found = rows(windows.fetch_all(S + from, S + to, order)).await?;
            ensure!(found == ordered(expected, order), "{stage:?}, {from} to {to}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn all_from_the_second(context: Context) -> Result<()> {
    between(&context, Order::Forward, &[(1, 4, &A[1..5])]).await
}

pub(crate) async fn all_up_to_the_fourth(context: Context) -> Result<()> {
    between(&context, Order::Forward, &[(0, 3, &A[..4])]).await
}

pub(crate) async fn all_but_the_first(context: Context) -> Result<()> {
    between(&context, Order::Forward, &[(1, 5, &A[1..])]).await
}

pub(crate) async fn all_between_backward(context: Context) -> Result<()> {
    let asked: [(i64, i64, &[Row]); 3] = [(1, 4, &A[1..5]), (0, 3, &A[..4]), (1, 5, &A[1..])];
    between(&context, Order::Backward, &asked).await
}

pub(crate) async fn inverted_times_are_empty(context: Context) -> Result<()> {
    let mut opened = filled(&context, &A).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            for (from, to) in [(S + 1, S), (S + 5, S), (i64::MAX, i64::MIN)] {
                let one = windows.fetch(&0, from, to, order).count().await;
                let keys = windows.fetch_keys(Some(0), Some(5), from, to, order).count().await;
                let all = windows.fetch_all(from, to, order).count().await;
                // An error would count as an item.
                ensure!((one, keys, all) == (0, 0, 0), "{stage:?}: {one}, {keys}, {all}");
            }
        }
    }
    Ok(())
}

pub(crate) async fn the_newest_few_of_many(context: Context) -> Result<()> {
    static MANY: Window<u32, u32> = Window::new("many", ms(1), ms(20_000)).segments(ms(4000));
    const PAGE: usize = 20;
    const SEGMENTS: usize = 3;
    let backend = Watched::new(&context).await?;
    let mut config = EngineConfig::default();
    config.page_entries = PAGE;
    let task = backend.database(config)?.task("app", 0).store(&MANY).open().await?;
    let windows = task.store(&MANY)?;
    for start in 0..10_000 {
        windows.put(&7, start.into(), Some(&start)).await?;
    }
    task.commit(()).await?;
    backend.take();
    let newest = windows.fetch(&7, 0, i64::MAX, Order::Backward).take(5);
    let newest: Vec<_> = newest.try_collect().await?;
    let expected = [9999, 9998, 9997, 9996, 9995].map(|start| (i64::from(start), start));
    ensure!(newest == expected, "{newest:?}");
    let read: usize = backend.take().pages.iter().map(|page| page.entries).sum();
    // A page of each segment, and the one after it, which is fetched ahead.
    ensure!(read <= 2 * SEGMENTS * PAGE, "{read} rows were read");
    Ok(())
}
