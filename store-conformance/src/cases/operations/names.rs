//! Names, and the tasks that they name (N).

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use store_core::{KeyValue, backend::MAX_NAME_BYTES, prelude::*};

use crate::{
    Context,
    cases::tools::{RAW, bytes, holds, open, open_on, put, rows},
};

const LEGAL: [&str; 6] = ["Upper-Case", "dots.and_lines-", "-", "_.", "0", "a..b"];
const ILLEGAL: [&str; 11] =
    ["", ".", ".a", "a b", "a/b", "a:b", "a*", "a?b", "{a}", "it's", "\u{e4}"];

pub(crate) async fn work_or_are_refused(context: Context) -> Result<()> {
    let database = context.database().await?;
    let (longest, above) = ("n".repeat(MAX_NAME_BYTES), "n".repeat(MAX_NAME_BYTES + 1));
    let legal: Vec<&str> = LEGAL.into_iter().chain([&*longest]).collect();
    for name in &legal {
        let named = KeyValue::<String, String>::new("").named((*name).to_owned());
        let task = database.task(name, 0).store(&named).open().await?;
        task.store(&named)?.put(&"k".to_owned(), &(*name).to_owned()).await?;
        task.commit(()).await?;
    }
    for name in legal {
        let named = KeyValue::<String, String>::new("").named(name.to_owned());
        let read = context.database().await?.read(name, 0).await?;
        let value = read.store(&named).await?.get(&"k".to_owned()).await?;
        ensure!(value.as_deref() == Some(name), "{name:?} holds {value:?}");
    }
    for name in ILLEGAL.into_iter().chain([&*above]) {
        let named = KeyValue::<String, String>::new("").named(name.to_owned());
        for (what, error) in [
            ("an application", database.task(name, 0).open().await.err()),
            ("a store", database.task("app", 0).store(&named).open().await.err()),
            ("a task to read", database.read(name, 0).await.err()),
            ("a task to destroy", database.destroy(name, 0).await.err()),
            ("an application to list", database.tasks(name).await.err()),
        ] {
            let kind = error.map(|error| error.kind());
            ensure!(kind == Some(ErrorKind::InvalidKey), "{what} named {name:?}: {kind:?}");
        }
    }
    Ok(())
}

pub(crate) async fn destroyed_and_made_again(context: Context) -> Result<()> {
    let (old, store) = open(&context).await?;
    put(&store, &[("k", "old")]).await?;
    old.commit([("s", 7)]).await?;
    let read = context.read().await?;
    let reader = read.store(&RAW).await?;
    put(&store, &[("k", "buffered")]).await?;
    context.database().await?.destroy("app", 0).await?;
    let (new, new_store) = open(&context).await?;
    ensure!(new.checkpoint()?.sequence == 0 && new.checkpoint()?.offsets.is_empty());
    holds(&*new_store, &[]).await?;
    put(&new_store, &[("n", "new")]).await?;
    new.commit(()).await?;
    let fenced = old.commit(()).await.err().map(|error| error.kind());
    ensure!(fenced == Some(ErrorKind::Fenced), "the old owner got {fenced:?}");
    for error in [reader.get(&bytes("k")).await.err(), read.checkpoint().await.err()] {
        let kind = error.map(|error| error.kind());
        ensure!(kind == Some(ErrorKind::NotFound), "the old reader got {kind:?}");
    }
    holds(&*new_store, &[("n", "new")]).await
}

/// Applications and partitions share what the backend has: many of them cost nothing but their state.
pub(crate) async fn a_thousand_tasks(context: Context) -> Result<()> {
    let database = context.database().await?;
    let place = |n: u32| (format!("app-{}", n % APPLICATIONS), n / APPLICATIONS);
    let made = (0..TASKS).map(|n| {
        let database = &database;
        async move {
            let (application, partition) = place(n);
            let task = database.task(&application, partition).store(&RAW).open().await?;
            put(&task.store(&RAW)?, &[("k", &n.to_string())]).await?;
            task.commit(()).await?;
            anyhow::Ok(task.close().await?)
        }
    });
    // Several at once: each costs a claim and a commit, which a disk takes its time for.
    stream::iter(made).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let database = context.database().await?;
    let read = (0..TASKS).map(|n| {
        let database = &database;
        async move {
            let (application, partition) = place(n);
            let read = database.read(&application, partition).await?;
            let found = rows(read.store(&RAW).await?.all()).await?;
            let expected = [(bytes("k"), bytes(n.to_string()))];
            ensure!(found == expected, "partition {partition} of {application}: {found:?}");
            Ok(())
        }
    });
    stream::iter(read).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    for n in 0..APPLICATIONS {
        let (application, _) = place(n);
        let listed = database.tasks(&application).await?;
        let partitions = listed.iter().map(|summary| summary.task.partition);
        let all = (0..TASKS / APPLICATIONS).collect::<Vec<_>>();
        ensure!(partitions.eq(all), "{application}: {} tasks are listed", listed.len());
    }
    Ok(())
}

const TASKS: u32 = 1000;
const APPLICATIONS: u32 = 10;
const AT_ONCE: usize = 16;

pub(crate) async fn fifty_first_claims_at_once(context: Context) -> Result<()> {
    let database = context.database().await?;
    let first = (0..50_u32).map(|partition| {
        let database = database.clone();
        tokio::spawn(async move {
            let task = database.task("app", partition).store(&RAW).open().await?;
            put(&task.store(&RAW)?, &[("k", &partition.to_string())]).await?;
            task.commit([("s", 1)]).await?;
            anyhow::Ok(task)
        })
    });
    let tasks = try_join_all(first).await?.into_iter().collect::<Result<Vec<_>>>()?;
    let listed = database.tasks("app").await?;
    let epochs: Vec<_> =
        listed.iter().map(|summary| (summary.task.partition, summary.epoch)).collect();
    ensure!(epochs == (0..50).map(|partition| (partition, 1)).collect::<Vec<_>>(), "{epochs:?}");
    for (partition, task) in tasks.iter().enumerate() {
        holds(&*task.store(&RAW)?, &[("k", &partition.to_string())]).await?;
        task.commit(()).await?;
    }
    let (_, first) = open_on(&context.database().await?).await?;
    holds(&*first, &[("k", "0")]).await
}
