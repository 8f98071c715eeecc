//! Scans while others write.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use anyhow::{Result, ensure};
use futures::{TryStreamExt, future::try_join_all};
use store_core::prelude::*;

use crate::{
    Context,
    cases::{
        iterators::meanwhile::small_pages,
        key_value::tools::{NUMBERS, View, numbers, puts, same},
    },
};

/// Whether no key came twice or out of order, and of those that `stay` each came.
fn complete(mut found: Vec<u32>, order: Order, stay: impl Iterator<Item = u32>) -> Result<()> {
    if order == Order::Backward {
        found.reverse();
    }
    ensure!(found.is_sorted_by(|a, b| a < b), "twice, or out of order: {found:?}");
    let missing: Vec<_> = stay.filter(|key| found.binary_search(key).is_err()).collect();
    ensure!(missing.is_empty(), "{missing:?} did not come, but {found:?}");
    Ok(())
}

pub(crate) async fn what_stays_comes_once(context: Context) -> Result<()> {
    let database = context.database_with(small_pages()).await?;
    let task = database.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    for order in [Order::Forward, Order::Backward] {
        for own in [true, false] {
            // The tens stay; all about them others come and go, and some are committed meanwhile.
            store.put_all(puts(numbers((0..12).map(|n| n * 10)))).await?;
            task.commit(()).await?;
            let reader = database.read("app", 0).await?.store(&NUMBERS).await?;
            let reader: &dyn ReadOnlyKeyValueStore<_, _> = if own { &*store } else { &*reader };
            let (mut scan, mut found) = (reader.range(None, None, order), Vec::new());
            while let Some((at, _)) = scan.try_next().await? {
                found.push(at);
                for key in [at + 1, at.saturating_sub(1), 55].into_iter().filter(|k| k % 10 > 0) {
                    if store.delete(&key).await?.is_none() {
                        store.put(&key, &"meanwhile".to_owned()).await?;
                    }
                }
                if at % 20 == 0 {
                    task.commit(()).await?;
                }
            }
            complete(found, order, (0..12).map(|n| n * 10))?;
        }
    }
    Ok(())
}

pub(crate) async fn deletes_skip_no_survivor(context: Context) -> Result<()> {
    let database = context.database_with(small_pages()).await?;
    let task = database.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    for order in [Order::Forward, Order::Backward] {
        for commit in [true, false] {
            store.put_all(puts(numbers(0..40))).await?;
            task.commit(()).await?;
            // Each row seen is deleted, and so is every third one, seen or not.
            let (mut scan, mut found) = (store.range(None, None, order), Vec::new());
            while let Some((at, _)) = scan.try_next().await? {
                found.push(at);
                store.delete(&at).await?;
                store.delete(&(at / 3 * 3)).await?;
                store.delete(&(at / 3 * 3 + 3)).await?;
                if commit {
                    task.commit(()).await?;
                }
            }
            complete(found, order, (0..40).filter(|key| key % 3 > 0))?;
        }
    }
    Ok(())
}

pub(crate) async fn right_after_a_put(context: Context) -> Result<()> {
    let task = context.task().await?.store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    task.commit(()).await?;
    let read = context.read().await?.store(&NUMBERS).await?;
    for n in 0..5 {
        store.put(&n, &numbers([n])[0].1).await?;
        View::new("buffered", store.clone()).holds(&numbers(0..=n)).await?;
        same(&read.all().try_collect::<Vec<_>>().await?, &numbers(0..n))?;
        task.commit(()).await?;
        same(&read.all().try_collect::<Vec<_>>().await?, &numbers(0..=n))?;
    }
    Ok(())
}

/// Puts and deletes keys of its own, one after the other.
async fn writer(store: Arc<dyn KeyValueStore<u32, String>>, first: u32) -> Result<()> {
    for n in 0..400 {
        let key = first + n % 40 * 10;
        if store.delete(&key).await?.is_none() {
            store.put(&key, &n.to_string()).await?;
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

pub(crate) async fn writers_do_not_disturb(context: Context) -> Result<()> {
    let database = context.database_with(small_pages()).await?;
    let task = database.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    store.put_all(puts(numbers((0..40).map(|n| n * 10)))).await?;
    task.commit(()).await?;
    let done = Arc::new(AtomicBool::new(false));
    let scans = {
        let (store, done) = (store.clone(), done.clone());
        tokio::spawn(async move {
            let mut scans = 0;
            while !done.load(Ordering::Relaxed) || scans == 0 {
                let found = store.all().map_ok(|(key, _)| key).try_collect().await?;
                complete(found, Order::Forward, (0..40).map(|n| n * 10))?;
                scans += 1;
                tokio::task::yield_now().await;
            }
            anyhow::Ok(())
        })
    };
    let writers = (1..=4).map(|first| tokio::spawn(writer(store.clone(), first)));
    let mut writers = try_join_all(writers);
    // One commit follows the other until all have written.
    let written = loop {
        match futures::poll!(&mut writers) {
            Poll::Ready(written) => break written?,
            Poll::Pending => task.commit(()).await?,
        }
    };
    written.into_iter().collect::<Result<Vec<()>>>()?;
    done.store(true, Ordering::Relaxed);
    scans.await?
}
