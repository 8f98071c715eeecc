//! Reads that merge the buffer into what is committed.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use crate::{
    Context,
    cases::tools::{Store, bytes, delete, holds, open, open_on, put, rows},
};

/// The keys of a range both ways, the second mirrored.
async fn keys(store: &Store, from: Option<&str>, to: Option<&str>) -> Result<[Vec<String>; 2]> {
    let mut found = [Vec::new(), Vec::new()];
    for (order, found) in [Order::Forward, Order::Backward].into_iter().zip(&mut found) {
        let entries = rows(store.range(from.map(bytes), to.map(bytes), order)).await?;
        *found = entries.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect();
    }
    found[1].reverse();
    Ok(found)
}

async fn has_keys(
    store: &Store,
    from: Option<&str>,
    to: Option<&str>,
    expected: &[&str],
) -> Result<()> {
    for found in keys(store, from, to).await? {
        ensure!(found == expected, "{from:?} to {to:?}: {found:?}, expected {expected:?}");
    }
    Ok(())
}

pub(crate) async fn every_key_once_in_order(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("1", "old"), ("3", "old"), ("4", "old"), ("6", "old")]).await?;
    task.commit(()).await?;
    put(&store, &[("2", "new"), ("3", "new"), ("5", "new"), ("6", "new")]).await?;
    let expected =
        [("1", "old"), ("2", "new"), ("3", "new"), ("4", "old"), ("5", "new"), ("6", "new")];
    for _ in 0..2 {
        holds(&*store, &expected).await?;
        has_keys(&store, Some("2"), Some("5"), &["2", "3", "4", "5"]).await?;
        has_keys(&store, None, Some("3"), &["1", "2", "3"]).await?;
        has_keys(&store, Some("4"), None, &["4", "5", "6"]).await?;
        task.commit(()).await?;
    }
    holds(&*open(&context).await?.1, &expected).await
}

/// A key is gone for get and for every scan.
async fn is_empty(store: &Store, key: &str) -> Result<()> {
    ensure!(store.get(&bytes(key)).await?.is_none(), "get still gives {key}");
    ensure!(!store.contains(&bytes(key)).await?, "{key} is still there");
    holds(&**store, &[]).await?;
    has_keys(store, Some(key), Some(key), &[]).await?;
    for order in [Order::Forward, Order::Backward] {
        let found = rows(store.prefix(&bytes(key), order)?).await?;
        ensure!(found.is_empty(), "the prefix still gives {found:?}");
    }
    Ok(())
}

pub(crate) async fn a_buffered_key_deleted(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("k", "v")]).await?;
    let old = store.delete(&bytes("k")).await?;
    ensure!(old == Some(bytes("v")), "{old:?}");
    is_empty(&store, "k").await?;
    task.commit(()).await?;
    is_empty(&store, "k").await?;
    is_empty(&open(&context).await?.1, "k").await
}

pub(crate) async fn a_committed_key_deleted(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("k", "v")]).await?;
    task.commit(()).await?;
    delete(&store, &["k"]).await?;
    is_empty(&store, "k").await?;
    task.rollback().await?;
    holds(&*store, &[("k", "v")]).await?;
    delete(&store, &["k"]).await?;
    task.commit(()).await?;
    is_empty(&store, "k").await?;
    is_empty(&open(&context).await?.1, "k").await
}

pub(crate) async fn even_and_odd_keys(context: Context) -> Result<()> {
    // Pages so short that neither side has its next key at hand.
    for page_entries in [1, 2, 1000] {
        let context = context.fresh().await?;
        let mut config = context.config();
        config.page_entries = page_entries;
        let (task, store) = open_on(&context.database_with(config).await?).await?;
        put(&store, &["0", "2", "4", "6", "8"].map(|key| (key, "even"))).await?;
        task.commit(()).await?;
        put(&store, &["1", "3", "5", "7", "9"].map(|key| (key, "odd"))).await?;
        let middle = ["2", "3", "4", "5", "6", "7", "8", "9"];
        has_keys(&store, Some("2"), Some("9"), &middle).await?;
        has_keys(&store, Some("1"), Some("8"), &["1", "2", "3", "4", "5", "6", "7", "8"]).await?;
        task.commit(()).await?;
        has_keys(&store, Some("2"), Some("9"), &middle).await?;
    }
    Ok(())
}

pub(crate) async fn deletes_beyond_all_keys(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("3", "v"), ("5", "v")]).await?;
    task.commit(()).await?;
    for deleted in [&["1", "2"][..], &["7", "8"], &["1", "4", "8"]] {
        // Absent keys, and keys that were put in between.
        delete(&store, deleted).await?;
        for key in deleted {
            put(&store, &[(key, "x")]).await?;
        }
        delete(&store, deleted).await?;
        for _ in 0..2 {
            holds(&*store, &[("3", "v"), ("5", "v")]).await?;
            has_keys(&store, Some("1"), Some("4"), &["3"]).await?;
            has_keys(&store, Some("4"), Some("9"), &["5"]).await?;
            task.commit(()).await?;
        }
    }
    holds(&*open(&context).await?.1, &[("3", "v"), ("5", "v")]).await
}

pub(crate) async fn nothing_but_deletes(context: Context) -> Result<()> {
    let mut config = context.config();
    config.page_entries = 2;
    let (task, store) = open_on(&context.database_with(config).await?).await?;
    let names: Vec<String> = (10..30).map(|n| n.to_string()).collect();
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "v")).collect();
    put(&store, &entries).await?;
    task.commit(()).await?;
    for name in &names {
        delete(&store, &[name]).await?;
    }
    for _ in 0..2 {
        is_empty(&store, "12").await?;
        has_keys(&store, None, None, &[]).await?;
        task.commit(()).await?;
    }
    is_empty(&open(&context).await?.1, "12").await
}

pub(crate) async fn put_if_absent_in_the_buffer(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    ensure!(store.put_if_absent(&bytes("k"), &bytes("first")).await?.is_none());
    for _ in 0..2 {
        let existing = store.put_if_absent(&bytes("k"), &bytes("second")).await?;
        ensure!(existing == Some(bytes("first")), "{existing:?}");
        holds(&*store, &[("k", "first")]).await?;
        task.commit(()).await?;
    }
    holds(&*open(&context).await?.1, &[("k", "first")]).await
}
