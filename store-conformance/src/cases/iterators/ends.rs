//! How scans end: of themselves, dropped, with their store, or by an error.

use anyhow::{Result, ensure};
use futures::{FutureExt, StreamExt, TryStreamExt};
use store_core::prelude::*;

use super::meanwhile::small_pages;
use crate::{
    Context,
    cases::{
        key_value::tools::{Life, NUMBERS, Rows, TEXTS, numbers, puts, refused, same},
        watched::Watched,
    },
};

pub(crate) async fn nothing_ends_at_once(context: Context) -> Result<()> {
    let mut life = Life::begin(&context, &TEXTS).await?;
    while let Some(view) = life.next().await? {
        let ends = (Some("a".to_owned()), Some("z".to_owned()));
        for mut scan in [
            view.all(),
            view.range(None, None, Order::Backward),
            view.range(ends.0, ends.1, Order::Forward),
            view.prefix("a", Order::Forward)?,
        ] {
            // Also for who asks once more.
            for _ in 0..2 {
                ensure!(scan.try_next().await?.is_none(), "{}", view.stage);
            }
        }
    }
    Ok(())
}

/// Whether an error of this kind ends a scan.
async fn ended_by(mut scan: Rows<u32, String>, kind: ErrorKind) -> Result<()> {
    let mut rows = 0;
    loop {
        match scan.next().await {
            Some(Ok(_)) => rows += 1,
            None => anyhow::bail!("it ended like a whole one, after {rows} rows"),
            Some(error) => return refused(error, kind).map(drop),
        }
    }
}

pub(crate) async fn close_ends_open_scans(context: Context) -> Result<()> {
    for order in [Order::Forward, Order::Backward] {
        for commit in [false, true] {
            let database = context.database_with(small_pages()).await?;
            let task = database.task("app", 0).store(&NUMBERS).open().await?;
            let store = task.store(&NUMBERS)?;
            store.put_all(puts(numbers(0..9))).await?;
            if commit {
                task.commit(()).await?;
            }
            let (new, mut begun) = (store.range(None, None, order), store.range(None, None, order));
            ensure!(begun.try_next().await?.is_some());
            task.close().await?;
            ended_by(new, ErrorKind::Closed).await?;
            ended_by(begun, ErrorKind::Closed).await?;
        }
    }
    Ok(())
}

pub(crate) async fn a_new_scan_begins_anew(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &NUMBERS, numbers(0..5)).await?;
    while let Some(view) = life.next().await? {
        let mut first = view.all();
        same(&first.try_next().await?, &numbers([0]).pop())?;
        drop(first);
        view.gives(view.all(), &numbers(0..5)).await?;
    }
    Ok(())
}

pub(crate) async fn a_dropped_scan_asks_for_nothing_more(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let task = watched.database(small_pages())?.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    store.put_all(puts(numbers(0..9))).await?;
    task.commit(()).await?;
    watched.take();
    for _ in 0..50 {
        let mut scan = store.all();
        ensure!(scan.try_next().await?.is_some());
        // Pages may end before the first entry; once there is one, nothing is asked for ahead of it.
        let pages = watched.take().pages;
        let first = pages.iter().position(|page| page.entries > 0);
        ensure!(first.is_some_and(|first| first + 1 == pages.len()), "for one row: {pages:?}");
    }
    tokio::task::yield_now().await;
    let pages = watched.take().pages;
    ensure!(pages.is_empty(), "after its scan was dropped: {pages:?}");
    // Nor is it missed where it was dropped while a page was on its way.
    for _ in 0..50 {
        let mut scan = store.all();
        let _ = scan.try_next().now_or_never();
    }
    let found: Vec<_> = store.all().try_collect().await?;
    same(&found, &numbers(0..9))?;
    store.put(&9, &numbers([9])[0].1).await?;
    task.commit(()).await?;
    Ok(())
}

pub(crate) async fn an_error_is_not_an_end(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let database = watched.database(small_pages())?;
    let task = database.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    store.put_all(puts(numbers(0..9))).await?;
    task.commit(()).await?;
    let read = database.read("app", 0).await?.store(&NUMBERS).await?;
    let readers: [&dyn ReadOnlyKeyValueStore<u32, String>; 2] = [&*store, &*read];
    for (n, reader) in readers.into_iter().enumerate() {
        for order in [Order::Forward, Order::Backward] {
            for pages in 0..4 {
                watched.fail_after(pages);
                ended_by(reader.range(None, None, order), ErrorKind::Timeout).await?;
                watched.take();
                let mut found: Vec<_> = reader.range(None, None, order).try_collect().await?;
                if order == Order::Backward {
                    found.reverse();
                }
                ensure!(found == numbers(0..9), "reader {n}, {order:?}, {pages}: {found:?}");
            }
        }
    }
    Ok(())
}
