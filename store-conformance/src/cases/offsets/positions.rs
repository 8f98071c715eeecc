//! What is remembered of the sources.

use std::{collections::BTreeMap, pin::pin, time::Duration};

use anyhow::{Context as _, Result, ensure};
use store_core::{Task, prelude::*};
use tokio::time::timeout;

use crate::{
    Context,
    cases::tools::{RAW, bytes, open, put},
};

/// The offsets as the owner, a reader and the next owner are told them.
async fn offsets_are(context: &Context, task: &Task, expected: &[(&str, i64)]) -> Result<()> {
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(source, offset)| ((*source).to_owned(), *offset)).collect();
    let own = task.checkpoint()?.offsets;
    ensure!(own == expected, "the owner has {own:?}, expected {expected:?}");
    let read = context.read().await?.checkpoint().await?.offsets;
    ensure!(read == expected, "a reader has {read:?}, expected {expected:?}");
    Ok(())
}

pub(crate) async fn are_kept(context: Context) -> Result<()> {
    let (task, _) = open(&context).await?;
    task.commit([("p0", 10), ("p1", 20)]).await?;
    offsets_are(&context, &task, &[("p0", 10), ("p1", 20)]).await?;
    drop(task);
    let (task, _) = open(&context).await?;
    offsets_are(&context, &task, &[("p0", 10), ("p1", 20)]).await
}

pub(crate) async fn are_merged(context: Context) -> Result<()> {
    let (task, _) = open(&context).await?;
    task.commit([("p0", 10), ("p1", 20)]).await?;
    task.commit([("p1", 30)]).await?;
    offsets_are(&context, &task, &[("p0", 10), ("p1", 30)]).await?;
    drop(task);
    let (task, _) = open(&context).await?;
    offsets_are(&context, &task, &[("p0", 10), ("p1", 30)]).await
}

pub(crate) async fn are_kept_by_none_and_forgotten_by_null(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    task.commit([("p0", 10), ("p1", 20)]).await?;
    put(&store, &[("k", "v")]).await?;
    task.commit(()).await?;
    offsets_are(&context, &task, &[("p0", 10), ("p1", 20)]).await?;
    task.commit([("p0", None), ("p1", Some(21)), ("never", None)]).await?;
    offsets_are(&context, &task, &[("p1", 21)]).await?;
    drop((task, store));
    let (task, _) = open(&context).await?;
    offsets_are(&context, &task, &[("p1", 21)]).await
}

pub(crate) async fn are_none_before_the_first_commit(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    offsets_are(&context, &task, &[]).await?;
    put(&store, &[("k", "v")]).await?;
    ensure!(task.checkpoint()?.sequence == 0);
    task.close().await?;
    drop((task, store));
    let (task, _) = open(&context).await?;
    offsets_are(&context, &task, &[]).await?;
    ensure!(task.checkpoint()?.sequence == 0);
    Ok(())
}

/// Records of one source finish out of order; what is above a gap is stored beside the offset, and not done again.
pub(crate) async fn positions_above_a_gap(context: Context) -> Result<()> {
    let process = async |task: &Task, positions: &[i64]| {
        let store = task.store(&RAW)?;
        let mut processed = Vec::new();
        for position in positions {
            let Some(unit) = task.begin("s", *position).await? else { continue };
            let once = |old: Option<bytes::Bytes>| {
                Some([&old.unwrap_or_default()[..], b"x"].concat().into())
            };
            store.update(&bytes(position.to_be_bytes()), once).await?;
            unit.finish()?;
            processed.push(*position);
        }
        task.commit(()).await?;
        anyhow::Ok(processed)
    };
    let (old, _) = open(&context).await?;
    ensure!(process(&old, &[0, 1, 3, 7]).await? == [0, 1, 3, 7]);
    let (new, store) = open(&context).await?;
    let checkpoint = new.checkpoint()?;
    ensure!(checkpoint.offsets == [("s".to_owned(), 2)].into(), "{:?}", checkpoint.offsets);
    let ahead = [("s".to_owned(), vec![(3, 4), (7, 8)])].into();
    ensure!(checkpoint.ahead == ahead, "{:?}", checkpoint.ahead);
    ensure!(process(&new, &[0, 1, 2, 3, 4, 5, 6, 7, 8]).await? == [2, 4, 5, 6, 8]);
    for position in 0..9_i64 {
        let times = store.get(&bytes(position.to_be_bytes())).await?;
        ensure!(times == Some(bytes("x")), "record {position} was processed as {times:?}");
    }
    let checkpoint = context.read().await?.checkpoint().await?;
    ensure!(checkpoint.offsets["s"] == 9 && checkpoint.ahead.is_empty(), "{checkpoint:?}");
    let fenced = old.commit(()).await.err().map(|error| error.kind());
    ensure!(fenced == Some(ErrorKind::Fenced), "{fenced:?}");
    Ok(())
}

/// What is written in a unit is committed with its position, or not yet.
pub(crate) async fn a_commit_waits_for_open_units(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let (done, half) = (bytes("done"), bytes("half"));
    put(&store, &[("done", "1")]).await?;
    let unit = task.begin("s", 0).await?.context("the first record was processed before")?;
    store.put(&half, &bytes("1")).await?;
    let mut commit = pin!(task.commit(()));
    let early = timeout(Duration::from_millis(50), &mut commit).await;
    ensure!(early.is_err(), "a commit went through an open unit");
    store.put(&half, &bytes("2")).await?;
    unit.finish()?;
    commit.await?;
    let (task, store) = open(&context).await?;
    ensure!(store.get(&done).await? == Some(bytes("1")));
    ensure!(store.get(&half).await? == Some(bytes("2")), "half a unit was committed");
    ensure!(task.begin("s", 0).await?.is_none(), "the position of the unit is missing");
    Ok(())
}
