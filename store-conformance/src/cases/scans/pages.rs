//! Scans of many pages.

use std::sync::Arc;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use store_core::{
    EngineConfig, Task,
    backend::{KeyRange, PageLimit},
    prelude::*,
};

use crate::{
    Context,
    cases::{
        iterators::meanwhile::small_pages,
        key_value::tools::{Life, NUMBERS, RAW, View, bytes, numbers, puts, same},
        watched::{Asked, Watched},
    },
    waist::{MAP, Model, Owner, task},
};

fn entries(count: u32) -> Vec<(Bytes, Bytes)> {
    (0..count).map(|n| (bytes(n.to_be_bytes()), bytes([n.to_be_bytes()[3]]))).collect()
}

pub(crate) async fn more_than_one(context: Context) -> Result<()> {
    let mut stored = 0;
    for count in [1_025, 10_001, 50_000] {
        let all = entries(count);
        let mut life = Life::begin(&context, &RAW).await?;
        life.store.put_all(puts(all[stored..].iter().cloned())).await?;
        stored = all.len();
        while let Some(view) = life.next().await? {
            view.gives(view.all(), &all).await?;
        }
    }
    Ok(())
}

pub(crate) async fn another_client_goes_on(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model = entries(100).into_iter().collect();
    owner.put(MAP, &model).await?;
    for order in [Order::Forward, Order::Backward] {
        let (mut found, mut rest) = (Vec::new(), Some(KeyRange::ALL));
        while let Some(range) = rest {
            // Each page by a client of its own, which knows nothing but the bytes of a key.
            let reader = context.backend().await?.read(&task(0)).await?;
            let page = reader.scan(MAP, &range, order, PageLimit::new(9, usize::MAX)).await?;
            found.extend(page.entries);
            rest = page.resume.map(|last| KeyRange::ALL.after(bytes(&last[..]), order));
        }
        if order == Order::Backward {
            found.reverse();
        }
        ensure!(found.into_iter().eq(model.clone()), "{order:?}");
    }
    Ok(())
}

pub(crate) async fn dropped_after_the_first_row(context: Context) -> Result<()> {
    let database = context.database_with(small_pages()).await?;
    let task = database.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    store.put_all(puts(numbers(0..9))).await?;
    task.commit(()).await?;
    let read = database.read("app", 0).await?.store(&NUMBERS).await?;
    for n in 0..1_000 {
        let mut scan = if n % 2 == 0 { store.all() } else { read.all() };
        ensure!(scan.try_next().await? == numbers([0]).pop(), "scan {n}");
    }
    // Whatever they held is free again.
    store.put(&9, &numbers([9])[0].1).await?;
    task.commit(()).await?;
    View::new("afterwards", store).holds(&numbers(0..10)).await?;
    same(&read.all().try_collect::<Vec<_>>().await?, &numbers(0..10))
}

/// A store of 4 MB, in entries of 4 kB and pages of 64 kB.
async fn large(watched: &Watched) -> Result<(Task, Arc<dyn KeyValueStore<u32, String>>)> {
    let mut config = EngineConfig::default();
    config.page_bytes = 64 << 10;
    let task = watched.database(config)?.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    store.put_all(puts((0..1_000).map(|n| (n, "x".repeat(4_000))))).await?;
    task.commit(()).await?;
    watched.take();
    Ok((task, store))
}

pub(crate) async fn at_most_one_ahead(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let (_task, store) = large(&watched).await?;
    for order in [Order::Forward, Order::Backward] {
        let (mut scan, mut rows) = (store.range(None, None, order), 0_usize);
        // How many entries the last page had that had any, and those before it.
        let (mut last, mut before) = (0, 0);
        while scan.try_next().await?.is_some() {
            let asked = watched.take().pages;
            let with_rows = asked.iter().filter(|page| page.entries > 0).count();
            ensure!(with_rows <= 1, "{with_rows} pages for one row");
            for Asked { limit, entries, bytes } in asked {
                ensure!(limit.bytes <= 64 << 10 && bytes <= (64 << 10) + 4_100, "{bytes} bytes");
                // Half of the page before this one was given, and all of those before that, so that there are never three.
                let given = before + last / 2;
                ensure!(rows >= given, "a page after {rows} rows, expected {given} before it");
                if entries > 0 {
                    (last, before) = (entries, before + last);
                }
            }
            rows += 1;
        }
        same(&rows, &1_000)?;
        watched.take();
    }
    Ok(())
}
