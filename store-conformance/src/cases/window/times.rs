//! Times at the ends of what there is.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{filled, put, rows};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::{BRIEF, OFF_THE_WALL, brief_passes, collect, ms},
    },
    waist::kind,
};

const FOREVER: u64 = i64::MAX.unsigned_abs();
static ETERNAL: Window<String, u32> = Window::new("eternal", ms(FOREVER), ms(FOREVER));

fn text(text: &str) -> String {
    text.to_owned()
}

pub(crate) async fn windows_as_long_as_time(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &ETERNAL).await?;
    let last = i64::MAX - 1;
    let mine = [(text("a"), 0, 1), (text("a"), 1, 2), (text("a"), last, 3)];
    put(&*opened.store, &[(text("aa"), 0, 4), (text("aa"), 1, 5)]).await?;
    put(&*opened.store, &mine).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(windows.fetch(&text("a"), 0, i64::MAX, order)).await?;
            ensure!(found == ordered(&[(0, 1), (1, 2), (last, 3)], order), "{stage:?}: {found:?}");
            let of = |key: &str| {
                rows(windows.fetch_keys(Some(text(key)), Some(text(key)), 0, i64::MAX, order))
            };
            ensure!(of("a").await? == ordered(&mine, order), "{stage:?}");
            let others = [(text("aa"), 0, 4), (text("aa"), 1, 5)];
            ensure!(of("aa").await? == ordered(&others, order), "{stage:?}");
        }
    }
    Ok(())
}

pub(crate) async fn searches_may_ask_for_any_time(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &ETERNAL).await?;
    let mine = [(text("a"), 0, 1), (text("a"), 7, 2)];
    put(&*opened.store, &mine).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        ensure!(windows.get(&text("a"), -1).await?.is_none(), "{stage:?}");
        ensure!(windows.get(&text("a"), i64::MIN).await?.is_none(), "{stage:?}");
        for (from, to) in [(-5, 9), (i64::MIN, i64::MAX), (0, i64::MAX), (-1, 7)] {
            let found = collect(windows.fetch(&text("a"), from, to, Order::Forward)).await?;
            ensure!(found == [(0, 1), (7, 2)], "{stage:?}, {from} to {to}: {found:?}");
            let found = rows(windows.fetch_all(from, to, Order::Forward)).await?;
            ensure!(found == mine, "{stage:?}, {from} to {to}: {found:?}");
        }
        let found = collect(windows.fetch(&text("a"), i64::MIN, -1, Order::Forward)).await?;
        ensure!(found.is_empty(), "{stage:?}: {found:?}");
    }
    // The end of a window saturates, and the last start that there is can be put.
    opened.reopen().await?;
    put(&*opened.store, &[(text("z"), i64::MAX, 3)]).await?;
    let all = opened.store.all(Order::Backward);
    let ends: Vec<_> = futures::TryStreamExt::try_collect(all).await?;
    let ends: Vec<_> = ends.iter().map(|(window, _)| (window.start, window.end)).collect();
    ensure!(ends == [(i64::MAX, i64::MAX), (7, i64::MAX)], "{ends:?}");
    Ok(())
}

pub(crate) async fn negative_starts_are_refused(context: Context) -> Result<()> {
    let mut opened = filled(&context, &[(1, 5, 1)]).await?;
    for start in [-1, i64::MIN] {
        let refused = [
            kind(opened.store.put(&1, start, Some(&2)).await),
            kind(opened.store.put(&1, start, None).await),
            kind(opened.store.update(&1, start, |_| Some(3)).await),
        ];
        ensure!(refused == [Some(ErrorKind::InvalidArgument); 3], "{start}: {refused:?}");
    }
    ensure!(opened.store.late_records() == 0, "refused, not late");
    for stage in STAGES {
        let found = rows(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == [(1, 5, 1)], "{stage:?}: {found:?}");
    }
    Ok(())
}

/// What lived for longer than its retention, in a database that has clocks of its own, is there for everybody.
pub(crate) async fn the_wall_clock_plays_no_part(context: Context) -> Result<()> {
    static SHORT: Window<u32, u32> = Window::new("short", ms(3), BRIEF);
    let open = async |partition| {
        let task = context.database().await?.task("app", partition).store(&SHORT).open().await?;
        let store = task.store(&SHORT)?;
        anyhow::Ok((task, store))
    };
    for (partition, time) in OFF_THE_WALL {
        let (task, store) = open(partition).await?;
        put(&*store, &[(1, time, 1), (1, time + 1, 2)]).await?;
        task.commit(()).await?;
    }
    brief_passes().await;
    for (partition, time) in OFF_THE_WALL {
        let mut expected = vec![(1, time, 1), (1, time + 1, 2)];
        let read = context.database().await?.read("app", partition).await?;
        let found = rows(read.store(&SHORT).await?.all(Order::Forward)).await?;
        ensure!(found == expected, "at {time} a reader finds {found:?}");
        let (task, store) = open(partition).await?;
        expected.push((1, time + 2, 3));
        put(&*store, &expected[2..]).await?;
        task.commit(()).await?;
        let found = rows(store.all(Order::Forward)).await?;
        ensure!(found == expected, "at {time} the next owner finds {found:?}");
    }
    Ok(())
}
