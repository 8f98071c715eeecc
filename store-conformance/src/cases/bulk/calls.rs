//! What one bulk call means, and asks for.

use std::sync::Arc;

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{EngineConfig, Task, backend::PageLimit, prelude::*};

use crate::{
    Context,
    cases::{
        key_value::{
            changes::writes,
            tools::{Life, NUMBERS, RAW, View, bytes, numbers, puts, same},
        },
        tools::without_cache,
        watched::Watched,
    },
};

/// A watched store of the first task, whose reads all go to the backend.
pub(super) async fn open(
    watched: &Watched,
) -> Result<(Task, Arc<dyn KeyValueStore<Bytes, Bytes>>)> {
    let database = watched.database(without_cache())?;
    let task = database.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    watched.take();
    Ok((task, store))
}

pub(crate) async fn of_nothing(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let (task, store) = open(&watched).await?;
    same(&store.get_many(&[]).await?, &Vec::new())?;
    store.put_all(Vec::new()).await?;
    let calls = watched.take();
    ensure!(calls.gets.is_empty() && calls.pages.is_empty() && calls.commits.is_empty());
    task.commit(()).await?;
    let read = watched.database(EngineConfig::default())?.read("app", 0).await?;
    let read = read.store(&RAW).await?;
    watched.take();
    same(&read.get_many(&[]).await?, &Vec::new())?;
    ensure!(watched.take().gets.is_empty(), "a reader asked for nothing");
    Ok(())
}

pub(crate) async fn results_are_in_the_order_of_keys(context: Context) -> Result<()> {
    let stored = numbers([1, 2, 3, 5, 8]);
    let asked = [8, 4, 1, 5, 0, 2, 3, 9, 7];
    let value = |n: &u32| stored.iter().find(|(key, _)| key == n).map(|(_, value)| value.clone());
    let expected: Vec<_> = asked.iter().map(value).collect();
    let mut life = Life::with(&context, &NUMBERS, stored.clone()).await?;
    while let Some(view) = life.next().await? {
        same(&view.get_many(&asked).await?, &expected)?;
    }
    // Also where some are buffered and some committed.
    life.store.delete(&5).await?;
    life.store.put(&4, &"new".to_owned()).await?;
    let found = life.store.get_many(&[8, 4, 5, 1]).await?;
    same(&found, &vec![value(&8), Some("new".to_owned()), None, value(&1)])
}

pub(crate) async fn duplicates(context: Context) -> Result<()> {
    let mut life = Life::begin(&context, &NUMBERS).await?;
    let entries = [(1, "first"), (2, "only"), (1, "second"), (1, "last")];
    life.store.put_all(puts(entries.map(|(key, value)| (key, value.to_owned())))).await?;
    let (last, only) = (Some("last".to_owned()), Some("only".to_owned()));
    while let Some(view) = life.next().await? {
        let found = view.get_many(&[1, 2, 3, 1, 3, 1]).await?;
        same(&found, &vec![last.clone(), only.clone(), None, last.clone(), None, last.clone()])?;
    }
    Ok(())
}

pub(crate) async fn puts_and_deletes_of_one_key(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &NUMBERS, numbers([1, 3])).await?;
    life.task.commit(()).await?;
    let new = || Some("new".to_owned());
    let entries =
        vec![(1, None), (2, new()), (3, None), (2, None), (3, new()), (4, None), (4, new())];
    life.store.put_all(entries).await?;
    let expected = [3, 4].map(|key| (key, "new".to_owned()));
    while let Some(view) = life.next().await? {
        view.holds(&expected).await?;
        same(&view.get_many(&[1, 2]).await?, &vec![None, None])?;
    }
    Ok(())
}

/// What can be observed of one write, as a bulk or not: bytes buffered, what is read, and what is committed.
async fn observed(context: &Context, partition: u32, bulk: bool) -> Result<String> {
    let watched = Watched::new(context).await?;
    let database = watched.database(EngineConfig::default())?;
    let task = database.task("app", partition).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    watched.take();
    let (key, value) = (bytes("k"), bytes("v"));
    if bulk {
        store.put_all(puts([(key.clone(), value)])).await?;
    } else {
        store.put(&key, &value).await?;
    }
    let buffered = task.buffered_bytes();
    ensure!(watched.take().commits.is_empty(), "committed by itself");
    task.commit(()).await?;
    let commits = watched.take().commits;
    same(&commits.len(), &1)?;
    let found =
        if bulk { store.get_many(&[key]).await?.pop().flatten() } else { store.get(&key).await? };
    let gets = watched.take().gets;
    Ok(format!("{buffered} {found:?} {gets:?} {:?}", writes(&commits[0])?))
}

pub(crate) async fn of_one(context: Context) -> Result<()> {
    let single = observed(&context, 0, false).await?;
    ensure!(single.contains("Some"), "{single}");
    same(&observed(&context, 1, true).await?, &single)
}

/// How many keys a bulk has whose requests are counted.
const MANY: u32 = 10_000;

/// How many pages they may come in where all are full, with one that says it was the last.
const FULL_PAGES: usize = 11;

/// And where some are short: ten times as many as full ones.
const FEW_PAGES: usize = 100;

pub(crate) async fn requests_are_few(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let (task, store) = open(&watched).await?;
    let key = |n: u32| bytes(n.to_be_bytes());
    let entries: Vec<_> = (0..MANY).map(|n| (key(n), bytes([1; 10]))).collect();
    store.put_all(puts(entries.clone())).await?;
    // Ten bytes each, four of the key, and what the buffer needs to keep them.
    let buffered = task.buffered_bytes();
    ensure!((140_000..4_000_000).contains(&buffered), "{buffered} bytes are buffered");
    task.commit(()).await?;
    same(&task.buffered_bytes(), &0)?;
    let calls = watched.take();
    ensure!(calls.gets.is_empty() && calls.pages.is_empty(), "a put read something");
    same(&calls.commits.len(), &1)?;
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).collect();
    let found = store.get_many(&keys).await?;
    ensure!(found.iter().flatten().eq(entries.iter().map(|(_, value)| value)));
    let calls = watched.take();
    ensure!(calls.gets.len() <= 10 && calls.pages.is_empty(), "{} requests", calls.gets.len());
    same(&calls.gets.iter().sum::<usize>(), &keys.len())?;
    let view = View::new("committed", store);
    view.gives(view.all(), &entries).await?;
    let pages = watched.take().pages;
    let full = pages.iter().all(|page| [0, 1_000].contains(&page.entries));
    ensure!(pages.len() <= if full { FULL_PAGES } else { FEW_PAGES }, "{} pages", pages.len());
    // Full ones are asked for, and none twice.
    for page in &pages {
        ensure!(page.limit == PageLimit::default() && page.entries <= 1_000, "{page:?}");
    }
    same(&pages.iter().map(|page| page.entries).sum::<usize>(), &entries.len())
}
