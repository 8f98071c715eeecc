//! Many at once (C).

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures::future::try_join_all;
use store_core::{
    Task,
    layers::{CallKind, CutOff},
    prelude::*,
};
use tokio::time::timeout;

use crate::{
    Context,
    cases::{
        tools::{RAW, Store, bytes, committed, faulty, open, open_on, put, rows, without_cache},
        watched::{Asked, Watched},
    },
};

/// Runs workers that are numbered, each as a task of the runtime, and waits for all.
async fn workers<F>(count: u32, work: impl Fn(u32) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let workers = (0..count).map(|n| tokio::spawn(work(n)));
    try_join_all(workers).await?.into_iter().collect()
}

/// All of them read before the first one writes, unless they wait: each asks the backend, since nothing is cached.
pub(crate) async fn updates_of_one_key_wait(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("k", "+")]).await?;
    task.commit(()).await?;
    let database = context.database_with(without_cache()).await?.layer(CutOff::never());
    let (task, store) = open_on(&database).await?;
    let key = bytes("k");
    let append = |old: Option<Bytes>| Some([&old.unwrap_or_default()[..], b"+"].concat().into());
    try_join_all((1..32).map(|_| store.update(&key, append))).await?;
    ensure!(store.get(&key).await? == Some(bytes("+".repeat(32))));
    task.commit(()).await?;
    Ok(())
}

pub(crate) async fn a_hundred_with_keys_of_their_own(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let key = |worker: u32, n: u32| bytes(format!("{worker:03}-{n}"));
    let work = |worker| {
        let (store, task) = (store.clone(), task.clone());
        async move {
            for n in 0..10 {
                let key = key(worker, n);
                store.put(&key, &bytes("first")).await?;
                store.update(&key, |old| old.map(|old| [&old[..], b"+"].concat().into())).await?;
                ensure!(store.get(&key).await? == Some(bytes("first+")));
            }
            if worker % 25 == 0 {
                task.commit(()).await?;
            }
            Ok(())
        }
    };
    workers(100, work).await?;
    task.commit(()).await?;
    let expected: Vec<_> = (0..100)
        .flat_map(|worker| (0..10).map(move |n| (key(worker, n), bytes("first+"))))
        .collect();
    ensure!(rows(store.all()).await? == expected);
    ensure!(rows(open(&context).await?.1.all()).await? == expected);
    Ok(())
}

/// 64 KiB that say whose they are.
fn large(worker: u32) -> Bytes {
    worker.to_be_bytes().repeat(16 << 10).into()
}

fn whose(value: &[u8]) -> Result<u32> {
    let first = value.get(..4).context("a value that is too short")?;
    ensure!(value.len() == 64 << 10 && value.chunks(4).all(|part| part == first), "a mixed value");
    Ok(u32::from_be_bytes(first.try_into()?))
}

pub(crate) async fn a_hundred_with_one_key(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let k = bytes("k");
    store.put(&k, &large(0)).await?;
    let work = |worker| {
        let (store, task, k) = (store.clone(), task.clone(), k.clone());
        async move {
            store.put(&k, &large(worker)).await?;
            whose(&store.get(&k).await?.context("the key is gone")?)?;
            if worker % 20 == 0 {
                task.commit(()).await?;
            }
            Ok(())
        }
    };
    workers(100, work).await?;
    task.commit(()).await?;
    let last = store.get(&k).await?.context("the key is gone")?;
    ensure!(whose(&last)? < 100);
    ensure!(rows(open(&context).await?.1.all()).await? == [(k, last)]);
    Ok(())
}

pub(crate) async fn puts_and_deletes_of_one_key(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let k = bytes("k");
    let work = |worker: u32| {
        let (store, task, k) = (store.clone(), task.clone(), k.clone());
        async move {
            for round in 0..20 {
                match (worker + round) % 3 {
                    0 => store.put(&k, &large(worker)).await?,
                    1 => drop(store.delete(&k).await?.map(|old| whose(&old)).transpose()?),
                    _ => drop(store.get(&k).await?.map(|found| whose(&found)).transpose()?),
                }
                if worker == 0 && round % 5 == 0 {
                    task.commit(()).await?;
                    let found = rows(store.all()).await?;
                    ensure!(found.len() < 2, "one key is {} rows", found.len());
                }
            }
            Ok(())
        }
    };
    workers(12, work).await?;
    task.commit(()).await?;
    let last = store.get(&k).await?;
    last.as_deref().map(whose).transpose()?;
    ensure!(open(&context).await?.1.get(&k).await? == last);
    Ok(())
}

/// Many more calls at once than a backend has lines.
pub(crate) async fn more_calls_than_lines(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let entries: Vec<String> = (0..200).map(|n| format!("{n:03}")).collect();
    put(&store, &entries.iter().map(|name| (&**name, &**name)).collect::<Vec<_>>()).await?;
    task.commit(()).await?;
    let work = |n: u32| {
        let store = store.clone();
        async move {
            let key = bytes(format!("{:03}", n % 200));
            if n.is_multiple_of(3) {
                let found = rows(store.range(Some(key.clone()), None, Order::Forward)).await?;
                let expected = usize::try_from(200 - n % 200)?;
                ensure!(found.len() == expected, "{} of {expected} rows", found.len());
            }
            ensure!(store.get(&key).await? == Some(key), "another key's value");
            Ok(())
        }
    };
    timeout(Duration::from_secs(60), workers(600, work)).await?
}

/// While a commit waits for its answer, reads, writes and other tasks go on.
pub(crate) async fn a_slow_commit_delays_nobody(context: Context) -> Result<()> {
    let (line, database) = faulty(&context).await?;
    let (task, store) = open_on(&database).await?;
    put(&store, &[("old", "1")]).await?;
    task.commit(()).await?;
    put(&store, &[("slow", "1")]).await?;
    line.hold(&[CallKind::Commit]);
    let commit = tokio::spawn({
        let task = task.clone();
        async move { task.commit([("s", 1)]).await }
    });
    line.held().await;
    let meanwhile = async {
        for n in 0..50_u32 {
            store.put(&bytes(n.to_be_bytes()), &bytes("new")).await?;
            ensure!(store.get(&bytes("old")).await? == Some(bytes("1")));
            ensure!(store.get(&bytes("slow")).await? == Some(bytes("1")));
        }
        ensure!(rows(store.all()).await?.len() == 52);
        let other = context.database().await?.task("other", 0).open().await?;
        other.commit(()).await?;
        ensure!(rows(committed(&context).await?.all()).await?.len() == 1);
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(30), meanwhile).await??;
    ensure!(!commit.is_finished(), "the commit did not wait");
    line.release();
    commit.await??;
    ensure!(rows(committed(&context).await?.all()).await?.len() == 2);
    Ok(())
}

/// Each page of a scan is of one commit; those of several pages may be of different ones.
fn pages_are_whole(found: Vec<(Bytes, Bytes)>, pages: &[Asked]) -> Result<()> {
    let in_pages: usize = pages.iter().map(|page| page.entries).sum();
    ensure!(in_pages == found.len(), "{} rows of {in_pages} in {pages:?}", found.len());
    let mut values = found.into_iter().map(|(_, value)| value);
    for page in pages {
        let values: BTreeSet<_> = values.by_ref().take(page.entries).collect();
        ensure!(values.len() <= 1, "half a commit: {values:?}");
    }
    Ok(())
}

/// Several that scan without a pause, and an owner that comes to its end all the same.
pub(crate) async fn a_writer_under_readers(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let entries: Vec<String> = (0..100).map(|n| format!("{n:03}")).collect();
    let write = async |store: &Store, task: &Task, round: u32| {
        let value = round.to_string();
        put(store, &entries.iter().map(|name| (&**name, &*value)).collect::<Vec<_>>()).await?;
        anyhow::Ok(task.commit([("round", i64::from(round))]).await?)
    };
    write(&store, &task, 0).await?;
    let mut readers = Vec::new();
    for _ in 0..4 {
        let watched = Watched::new(&context).await?;
        let reader = watched.database(context.config())?.read("app", 0).await?.store(&RAW).await?;
        readers.push(tokio::spawn(async move {
            loop {
                watched.take();
                match rows(reader.all()).await {
                    Ok(found) => {
                        ensure!(found.len() == 100, "{} of 100 rows", found.len());
                        pages_are_whole(found, &watched.take().pages)?;
                    }
                    Err(error) => {
                        let error = error.downcast::<Error>()?;
                        ensure!(error.is_retryable(), "{error}");
                    }
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    let work = async {
        for round in 1..40 {
            write(&store, &task, round).await?;
        }
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(60), work).await??;
    for reader in readers {
        reader.abort();
        let ended: Result<Result<()>, _> = reader.await;
        ended.unwrap_or(Ok(()))?;
    }
    Ok(())
}
