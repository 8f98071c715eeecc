//! Clean entries: what was read, and not written.

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::prelude::*;

use crate::{
    Context,
    cases::{
        tools::{RAW, bytes, committed, open_on, rows},
        watched::Watched,
    },
};

const ENTRIES: u32 = 24;

fn keys() -> Vec<Bytes> {
    (0..ENTRIES).map(|n| bytes(n.to_be_bytes())).collect()
}

/// A task with these keys, watched, and claimed by an owner who knows none of them yet.
async fn claimed(
    context: &Context,
    cache_bytes: usize,
) -> Result<(Watched, Database, Task, crate::cases::tools::Store)> {
    let watched = Watched::new(context).await?;
    let mut config = context.config();
    config.cache_bytes = cache_bytes;
    let database = watched.database(config)?;
    let (task, store) = open_on(&database).await?;
    store.put_all(keys().into_iter().map(|key| (key, Some(bytes([1; 1000])))).collect()).await?;
    task.commit(()).await?;
    let (task, store) = open_on(&database).await?;
    watched.take();
    Ok((watched, database, task, store))
}

/// Somebody who does not own the task reads by the same database: the owner is asked for no more, and for no less.
pub(crate) async fn others_reads_change_nothing(context: Context) -> Result<()> {
    let (watched, database, _task, store) = claimed(&context, 64 << 20).await?;
    let (known, unknown) = keys().into_iter().partition::<Vec<_>, _>(|key| key[3] % 2 == 0);
    let asked = async |keys: &[Bytes]| {
        watched.take();
        let found = store.get_many(keys).await?;
        ensure!(found.iter().all(Option::is_some), "a key is absent");
        anyhow::Ok(watched.take().gets.iter().sum::<usize>())
    };
    ensure!(asked(&known).await? == known.len(), "a new owner knows keys");
    ensure!(asked(&known).await? == 0, "the cache does not keep what was read");
    let reader = database.read("app", 0).await?.store(&RAW).await?;
    for _ in 0..3 {
        let found = reader.get_many(&keys()).await?;
        ensure!(found.iter().all(Option::is_some), "a key is absent for a reader");
        ensure!(rows(reader.all()).await?.len() == keys().len(), "a scan of a reader");
    }
    let again = asked(&known).await?;
    ensure!(again == 0, "{again} keys were forgotten when somebody else read them");
    let filled = unknown.len() - asked(&unknown).await?;
    ensure!(filled == 0, "{filled} keys came into the cache when somebody else read them");
    Ok(())
}

/// Neither a commit nor their eviction sends anything, and they do not count as buffered.
pub(crate) async fn entries_are_never_written(context: Context) -> Result<()> {
    // All of them fit, and some do.
    for cache_bytes in [64 << 20, 10_000] {
        let (watched, _, task, store) = claimed(&context, cache_bytes).await?;
        for _ in 0..3 {
            let found = store.get_many(&keys()).await?;
            ensure!(found.iter().all(Option::is_some), "a key is absent");
            ensure!(rows(store.all()).await?.len() == keys().len(), "a scan");
        }
        for key in keys() {
            ensure!(store.get(&key).await? == Some(bytes([1; 1000])), "another value");
        }
        let calls = watched.take().commits.len();
        ensure!(calls == 0, "{calls} commits were sent for reads");
        ensure!(task.buffered_bytes() == 0, "{} bytes are buffered", task.buffered_bytes());
        task.commit([("s", 1)]).await?;
        let commits = watched.take().commits;
        let written: usize = commits.iter().map(|commit| commit.changes().len()).sum();
        ensure!(commits.len() == 1, "{} commits for one", commits.len());
        ensure!(written == 0, "a commit writes to {written} maps what was only read");
        ensure!(rows(committed(&context).await?.all()).await?.len() == keys().len());
    }
    Ok(())
}
