//! What the buffer holds, and that it empties without anybody noticing.

use std::pin::pin;

use anyhow::{Context as _, Result, ensure};
use futures::{FutureExt, TryStreamExt};
use store_core::prelude::*;

use crate::{
    Context,
    cases::tools::{bytes, committed, delete, holds, open, put, rows, stored},
    waist::MAP,
};

pub(crate) async fn a_put_and_its_delete_leave_nothing(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("kept", "v")]).await?;
    task.commit(()).await?;
    put(&store, &[("k", "v")]).await?;
    delete(&store, &["k"]).await?;
    for _ in 0..2 {
        holds(&*store, &[("kept", "v")]).await?;
        ensure!(stored(&context, [MAP]).await? == 1, "the backend has more than one entry");
        task.commit(()).await?;
    }
    Ok(())
}

pub(crate) async fn nothing_works_after_close(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("k", "committed")]).await?;
    task.commit([("s", 1)]).await?;
    put(&store, &[("k", "buffered"), ("other", "buffered")]).await?;
    let scan = store.range(None, None, Order::Forward);
    task.close().await?;
    task.close().await?;
    ensure!(task.buffered_bytes() == 0, "the buffer outlives the task");
    let k = bytes("k");
    for (call, error) in [
        ("get", store.get(&k).await.err()),
        ("put", store.put(&k, &k).await.err()),
        ("delete", store.delete(&k).await.err()),
        ("put_if_absent", store.put_if_absent(&k, &k).await.err()),
        ("put_all", store.put_all(vec![(k.clone(), None)]).await.err()),
        ("get_many", store.get_many(std::slice::from_ref(&k)).await.err()),
        ("all", store.all().try_collect::<Vec<_>>().await.err()),
        ("an open scan", scan.try_collect::<Vec<_>>().await.err()),
        ("approximate_len", store.approximate_len().await.err()),
        ("commit", task.commit(()).await.err()),
        ("rollback", task.rollback().await.err()),
    ] {
        let kind = error.map(|error| error.kind());
        ensure!(kind == Some(ErrorKind::Closed), "{call} after close gives {kind:?}");
    }
    holds(&*open(&context).await?.1, &[("k", "committed")]).await
}

/// What is processed counts with the commit of what it wrote, not before, whatever record is at work meanwhile.
pub(crate) async fn positions_move_with_commits(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    task.commit(()).await?;
    let stands_at = async |records: u32| {
        let expected = (records > 0).then_some(i64::from(records));
        let own = task.checkpoint()?.offsets.get("s").copied();
        let read = context.read().await?.checkpoint().await?.offsets.get("s").copied();
        ensure!(
            [own, read] == [expected; 2],
            "{expected:?}: the owner says {own:?}, a reader {read:?}"
        );
        let found = rows(committed(&context).await?.all()).await?;
        let keys = (0..records).map(|n| bytes(i64::from(n).to_be_bytes()));
        ensure!(found.iter().map(|(key, _)| key.clone()).eq(keys), "{records} records: {found:?}");
        anyhow::Ok(())
    };
    let begin = async |position: i64| {
        let unit = task.begin("s", position).await?.context("it was not processed before")?;
        store.put(&bytes(position.to_be_bytes()), &bytes("v")).await?;
        anyhow::Ok(unit)
    };
    begin(0).await?.finish()?;
    begin(1).await?.finish()?;
    ensure!(task.begin("s", 1).await?.is_none(), "the task does not know what it processed");
    stands_at(0).await?;
    task.commit(()).await?;
    stands_at(2).await?;
    // A record at work when the commit is asked for counts whole, and so does one of another source.
    let (at_work, other) = (begin(2).await?, task.begin("other", 7).await?);
    let mut commit = pin!(task.commit(()));
    ensure!(commit.as_mut().now_or_never().is_none(), "a commit did not wait for a record");
    stands_at(2).await?;
    at_work.finish()?;
    other.context("it was not processed before")?.finish()?;
    commit.await?;
    stands_at(3).await?;
    let ahead = task.checkpoint()?.ahead;
    ensure!(ahead.get("other") == Some(&vec![(7, 8)]), "{ahead:?}");
    // One that is at work after the commit does not count.
    let at_work = begin(3).await?;
    stands_at(3).await?;
    at_work.finish()?;
    stands_at(3).await?;
    task.commit(()).await?;
    stands_at(4).await
}

pub(crate) async fn bytes_are_counted(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let k = bytes("key");
    ensure!(task.buffered_bytes() == 0);
    store.put(&k, &bytes([0; 1000])).await?;
    let first = task.buffered_bytes();
    ensure!(first >= 1003, "{first} bytes for 1003");
    store.put(&k, &bytes([0; 5000])).await?;
    ensure!(task.buffered_bytes() == first + 4000, "a longer value in its place");
    store.put(&k, &bytes([0; 10])).await?;
    ensure!(task.buffered_bytes() == first - 990, "a shorter value in its place");
    store.put(&bytes("yek"), &bytes([0; 10])).await?;
    ensure!(task.buffered_bytes() == 2 * (first - 990), "a second key");
    delete(&store, &["yek"]).await?;
    ensure!(task.buffered_bytes() < 2 * (first - 990), "a delete in place of a value");
    task.commit(()).await?;
    ensure!(task.buffered_bytes() == 0, "a commit leaves bytes behind");
    store.put(&k, &bytes([0; 1000])).await?;
    task.rollback().await?;
    ensure!(task.buffered_bytes() == 0, "a rollback leaves bytes behind");
    Ok(())
}
