//! What is written and not committed yet, over what is.

use anyhow::{Result, ensure};
use bytes::Bytes;
use std::ops::Bound;
use store_core::{backend::KeyRange, prelude::*};

use crate::{
    Context,
    cases::tools::{MapsOf, RAW, Store, bytes, committed, delete, holds, open, put, rows},
};

async fn get(store: &Store, key: &str) -> Result<Option<Bytes>> {
    Ok(store.get(&bytes(key)).await?)
}

pub(crate) async fn the_owner_reads_its_own_writes(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("base", "1"), ("deleted", "1")]).await?;
    task.commit(()).await?;
    put(&store, &[("new", "2")]).await?;
    delete(&store, &["deleted"]).await?;
    for stage in ["before the commit", "after it"] {
        ensure!(get(&store, "new").await? == Some(bytes("2")), "{stage}");
        ensure!(get(&store, "deleted").await?.is_none(), "{stage}");
        ensure!(get(&store, "base").await? == Some(bytes("1")), "{stage}");
        task.commit(()).await?;
    }
    let (_task, store) = open(&context).await?;
    holds(&*store, &[("base", "1"), ("new", "2")]).await
}

pub(crate) async fn a_commit_takes_puts_and_deletes(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("a", "1"), ("b", "1")]).await?;
    task.commit(()).await?;
    delete(&store, &["a"]).await?;
    put(&store, &[("b", "2"), ("c", "2")]).await?;
    task.commit(()).await?;
    ensure!(task.buffered_bytes() == 0, "something stayed in the buffer");
    let expected = [("b", "2"), ("c", "2")];
    holds(&*committed(&context).await?, &expected).await?;
    // The next batch begins empty: to throw it away takes nothing of the one before.
    put(&store, &[("d", "3")]).await?;
    delete(&store, &["c"]).await?;
    task.rollback().await?;
    holds(&*store, &expected).await?;
    task.commit(()).await?;
    holds(&*open(&context).await?.1, &expected).await
}

pub(crate) async fn a_rollback_leaves_what_is_committed(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("a", "1"), ("b", "1")]).await?;
    task.commit([("s", 1)]).await?;
    put(&store, &[("a", "2"), ("new", "2")]).await?;
    delete(&store, &["b"]).await?;
    task.rollback().await?;
    let expected = [("a", "1"), ("b", "1")];
    holds(&*store, &expected).await?;
    ensure!(get(&store, "new").await?.is_none());
    task.commit(()).await?;
    holds(&*committed(&context).await?, &expected).await?;
    let (task, store) = open(&context).await?;
    ensure!(task.checkpoint()?.offsets["s"] == 1);
    holds(&*store, &expected).await
}

pub(crate) async fn scans_merge_both(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("2", "base")]).await?;
    task.commit(()).await?;
    put(&store, &[("1", "new"), ("3", "new")]).await?;
    let merged = [("1", "new"), ("2", "base"), ("3", "new")];
    holds(&*store, &merged).await?;
    holds(&*committed(&context).await?, &[("2", "base")]).await?;
    task.commit(()).await?;
    holds(&*store, &merged).await?;
    holds(&*open(&context).await?.1, &merged).await
}

pub(crate) async fn a_delete_hides_in_scans(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("1", "a"), ("2", "b"), ("3", "c")]).await?;
    task.commit(()).await?;
    for (deleted, left) in [("2", &[("1", "a"), ("3", "c")][..]), ("1", &[("3", "c")]), ("3", &[])]
    {
        delete(&store, &[deleted]).await?;
        holds(&*store, left).await?;
        task.commit(()).await?;
        holds(&*store, left).await?;
    }
    holds(&*open(&context).await?.1, &[]).await
}

/// Ends that belong to the range and ends that do not, over written and committed entries in turns.
pub(crate) async fn ranges_of_all_ends(context: Context) -> Result<()> {
    let task = context.task().await?.store(&RAW).open().await?;
    let (store, maps) = (task.store(&RAW)?, task.store(&MapsOf(&RAW))?);
    put(&store, &[("1", ""), ("3", ""), ("5", ""), ("7", "")]).await?;
    task.commit(()).await?;
    put(&store, &[("2", ""), ("4", ""), ("6", "")]).await?;
    delete(&store, &["5"]).await?;
    let ends =
        |key: &str| [Bound::Included(bytes(key)), Bound::Excluded(bytes(key)), Bound::Unbounded];
    for stage in ["buffered", "committed"] {
        for (from, to) in ends("2").iter().flat_map(|from| ends("6").map(|to| (from.clone(), to))) {
            let range = KeyRange::new(from, to);
            let keys = ["1", "2", "3", "4", "6", "7"].map(bytes).into_iter();
            let mut expected: Vec<_> = keys.filter(|key| range.contains(key)).collect();
            for order in [Order::Forward, Order::Backward] {
                let found = rows(maps.scan(None, range.clone(), order)).await?;
                let found: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
                ensure!(found == expected, "{stage} {range:?} {order:?}: {found:?}");
                expected.reverse();
            }
        }
        for (from, to, expected) in [
            (None, Some("4"), &["1", "2", "3", "4"][..]),
            (Some("3"), None, &["3", "4", "6", "7"]),
            (Some("2"), Some("6"), &["2", "3", "4", "6"]),
            (Some("5"), Some("5"), &[]),
        ] {
            let range = |order| store.range(from.map(bytes), to.map(bytes), order);
            let mut expected: Vec<_> = expected.iter().map(bytes).collect();
            for order in [Order::Forward, Order::Backward] {
                let found: Vec<_> =
                    rows(range(order)).await?.into_iter().map(|(key, _)| key).collect();
                ensure!(found == expected, "{stage} {from:?} to {to:?} {order:?}: {found:?}");
                expected.reverse();
            }
        }
        task.commit(()).await?;
    }
    Ok(())
}

pub(crate) async fn the_newer_value_shows_everywhere(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("1", "old"), ("2", "old"), ("3", "old")]).await?;
    task.commit(()).await?;
    put(&store, &[("2", "new")]).await?;
    let expected = [("1", "old"), ("2", "new"), ("3", "old")];
    for order in [Order::Forward, Order::Backward] {
        let one = rows(store.range(Some(bytes("2")), Some(bytes("2")), order)).await?;
        ensure!(one == [(bytes("2"), bytes("new"))], "{one:?}");
    }
    holds(&*store, &expected).await?;
    holds(&*committed(&context).await?, &[("1", "old"), ("2", "old"), ("3", "old")]).await?;
    task.commit(()).await?;
    holds(&*store, &expected).await?;
    holds(&*open(&context).await?.1, &expected).await
}

/// Runs of either kind, in turns of several lengths, so that each side of the merge runs dry before the other.
pub(crate) async fn disjoint_keys_interleave(context: Context) -> Result<()> {
    let mut config = store_core::EngineConfig::default();
    config.page_entries = 3;
    let database = context.database_with(config).await?;
    let (task, store) = crate::cases::tools::open_on(&database).await?;
    let names: Vec<String> = (10..50).map(|n| n.to_string()).collect();
    let is_staged = |n: usize| (n / 2).is_multiple_of(3) || (20..27).contains(&n);
    let entry = |n: usize| (&*names[n], if is_staged(n) { "staged" } else { "committed" });
    let (staged, base): (Vec<_>, Vec<_>) = (0..names.len()).partition(|n| is_staged(*n));
    put(&store, &base.into_iter().map(entry).collect::<Vec<_>>()).await?;
    task.commit(()).await?;
    put(&store, &staged.into_iter().map(entry).collect::<Vec<_>>()).await?;
    let all: Vec<_> = (0..names.len()).map(entry).collect();
    holds(&*store, &all).await?;
    task.commit(()).await?;
    holds(&*store, &all).await?;
    holds(&*open(&context).await?.1, &all).await
}

pub(crate) async fn put_if_absent_sees_both(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("committed", "1"), ("deleted", "1")]).await?;
    task.commit(()).await?;
    put(&store, &[("staged", "1")]).await?;
    delete(&store, &["deleted"]).await?;
    for stage in ["before the commit", "after it"] {
        for key in ["committed", "staged"] {
            let existing = store.put_if_absent(&bytes(key), &bytes("2")).await?;
            ensure!(existing == Some(bytes("1")), "{key} {stage}: {existing:?}");
            ensure!(get(&store, key).await? == Some(bytes("1")), "{key} {stage}");
        }
        task.commit(()).await?;
    }
    delete(&store, &["committed"]).await?;
    for key in ["committed", "deleted", "new"] {
        ensure!(store.put_if_absent(&bytes(key), &bytes("3")).await?.is_none(), "{key}");
    }
    let expected = [("committed", "3"), ("deleted", "3"), ("new", "3"), ("staged", "1")];
    holds(&*store, &expected).await?;
    task.commit(()).await?;
    holds(&*open(&context).await?.1, &expected).await
}
