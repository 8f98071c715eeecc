//! Handles: from several runtimes, of several processes, and while they are closed (C).

use std::thread;

use anyhow::{Context as _, Result, ensure};
use futures::future::join_all;
use store_core::{Task, prelude::*};

use crate::{
    Context,
    cases::tools::{RAW, Store, bytes, holds, open, open_on, put, rows},
};

const fn shared<T: Send + Sync + Clone>() {}
const _: () = {
    shared::<Database>();
    shared::<Task>();
    shared::<Store>();
    shared::<store_core::ReadTask>();
};

pub(crate) async fn two_runtimes(context: Context) -> Result<()> {
    let database = context.database().await?;
    let (task, store) = open_on(&database).await?;
    put(&store, &[("here", "1")]).await?;
    task.commit(()).await?;
    let other = {
        let (database, task, store) = (database.clone(), task.clone(), store.clone());
        thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                holds(&*store, &[("here", "1")]).await?;
                put(&store, &[("there", "2")]).await?;
                task.commit([("s", 1)]).await?;
                let another = database.task("app", 1).store(&RAW).open().await?;
                put(&another.store(&RAW)?, &[("there", "3")]).await?;
                another.commit(()).await?;
                Ok(())
            })
        })
    };
    let joined = tokio::task::spawn_blocking(move || other.join()).await?;
    joined.ok().context("the other thread panicked")??;
    put(&store, &[("here", "4")]).await?;
    task.commit(()).await?;
    holds(&*store, &[("here", "4"), ("there", "2")]).await?;
    let second = database.read("app", 1).await?.store(&RAW).await?;
    holds(&*second, &[("there", "3")]).await
}

/// Each process has its own handle and its own tasks; they share the place.
pub(crate) async fn two_processes(context: Context) -> Result<()> {
    let databases = [context.database().await?, context.database().await?];
    let work = async |process: u32| {
        let database = databases.get(usize::try_from(process)?).context("two of them")?;
        for partition in (process..8).step_by(2) {
            let task = database.task("app", partition).store(&RAW).open().await?;
            let store = task.store(&RAW)?;
            for n in 0..5_u32 {
                put(&store, &[(&format!("{partition}-{n}"), &process.to_string())]).await?;
                task.commit([("s", i64::from(n))]).await?;
            }
        }
        anyhow::Ok(())
    };
    let (first, second) = futures::future::join(work(0), work(1)).await;
    first.and(second)?;
    for partition in 0..8_u32 {
        let read = context.database().await?.read("app", partition).await?;
        let owner = (partition % 2).to_string();
        let names: Vec<String> = (0..5).map(|n| format!("{partition}-{n}")).collect();
        let expected: Vec<_> = names.iter().map(|name| (&**name, &*owner)).collect();
        holds(&*read.store(&RAW).await?, &expected).await?;
    }
    // The same task in both: the later one has it.
    let (old, _) = open_on(&databases[0]).await?;
    let (new, _) = open_on(&databases[1]).await?;
    new.commit(()).await?;
    let fenced = old.commit(()).await.err().map(|error| error.kind());
    ensure!(fenced == Some(ErrorKind::Fenced), "{fenced:?}");
    Ok(())
}

/// Every call that runs when the task is closed returns, with its answer or with `Closed`.
pub(crate) async fn closed_under_a_hundred_calls(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("k", "v")]).await?;
    task.commit(()).await?;
    let calls: Vec<_> = (0..100_u32)
        .map(|n| {
            let (task, store) = (task.clone(), store.clone());
            tokio::spawn(async move {
                for round in 0..1000_u32 {
                    let key = bytes((n % 10).to_be_bytes());
                    let done = match (n + round) % 5 {
                        0 => store.put(&key, &key).await,
                        1 => store.get(&key).await.map(drop),
                        2 => store.update(&key, |_| Some(bytes("u"))).await,
                        3 => match rows(store.all()).await {
                            Ok(_) => Ok(()),
                            Err(error) => Err(error.downcast::<Error>()?),
                        },
                        _ if n < 10 => task.commit(()).await,
                        _ => store.delete(&key).await.map(drop),
                    };
                    match done {
                        Ok(()) => {}
                        Err(error) if error.kind() == ErrorKind::Closed => return anyhow::Ok(true),
                        Err(error) => return Err(error.into()),
                    }
                    tokio::task::yield_now().await;
                }
                Ok(false)
            })
        })
        .collect();
    for _ in 0..20 {
        tokio::task::yield_now().await;
        store.get(&bytes("k")).await?;
    }
    task.close().await?;
    let mut closed = 0;
    for call in join_all(calls).await {
        closed += u32::from(call??);
    }
    ensure!(closed > 0, "nothing ran when the task was closed");
    let (task, store) = open(&context).await?;
    ensure!(store.get(&bytes("k")).await? == Some(bytes("v")));
    task.commit(()).await?;
    Ok(())
}
