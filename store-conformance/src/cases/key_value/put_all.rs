//! Many keys in one call.

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{EngineConfig, prelude::*};

use super::{
    refusals::PERHAPS,
    tools::{Life, NUMBERS, RAW, bytes, numbers, puts, refused, same},
};
use crate::{
    Context,
    cases::{unencodable::Perhaps, watched::Watched},
};

pub(crate) async fn none_of_them_is_done_after_an_error(context: Context) -> Result<()> {
    let key = |n| Perhaps(Some(n));
    let mut life = Life::with(&context, &PERHAPS, [(key(2), "old".to_owned())]).await?;
    while let Some(view) = life.next().await? {
        if view.stage != "read" {
            let entries = [1, 2].map(|n| (key(n), "new".to_owned()));
            let mut entries = puts(entries);
            entries.insert(1, (Perhaps(None), Some("new".to_owned())));
            refused(life.store.put_all(entries).await, ErrorKind::Encode)?;
        }
        view.holds(&[(key(2), "old".to_owned())]).await?;
    }
    Ok(())
}

pub(crate) async fn no_value_for_an_absent_key(context: Context) -> Result<()> {
    let life = Life::begin(&context, &NUMBERS).await?;
    life.store.put_all(vec![(1, None)]).await?;
    same(&life.store.get(&1).await?, &None)?;
    life.holds(&[]).await
}

pub(crate) async fn thousands_of_entries_at_once(context: Context) -> Result<()> {
    let entry = |n: u32| (bytes(n.to_be_bytes()), Bytes::from(vec![n.to_be_bytes()[3]; 2000]));
    let entries: Vec<_> = (0..10_000).map(entry).collect();
    let mut life = Life::begin(&context, &RAW).await?;
    life.store.put_all(puts(entries.clone())).await?;
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).collect();
    while let Some(view) = life.next().await? {
        let found = view.get_many(&keys).await?;
        let expected = entries.iter().map(|(_, value)| Some(value));
        ensure!(found.iter().map(Option::as_ref).eq(expected), "{}", view.stage);
        view.gives(view.all(), &entries).await?;
    }
    Ok(())
}

pub(crate) async fn nothing_at_all(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let task =
        watched.database(EngineConfig::default())?.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    watched.take();
    store.put_all(Vec::new()).await?;
    let calls = watched.take();
    ensure!(calls.gets.is_empty() && calls.pages.is_empty() && calls.commits.is_empty());
    ensure!(task.buffered_bytes() == 0);
    task.commit(()).await?;
    ensure!(watched.take().commits.iter().all(|commit| commit.is_empty()));
    Ok(())
}

pub(crate) async fn all_of_them_are_listed(context: Context) -> Result<()> {
    let mut life = Life::begin(&context, &NUMBERS).await?;
    life.store.put_all(puts(numbers([1, 2]))).await?;
    while let Some(view) = life.next().await? {
        view.gives(view.all(), &numbers([1, 2])).await?;
    }
    Ok(())
}

pub(crate) async fn all_of_them_are_listed_backwards(context: Context) -> Result<()> {
    let mut life = Life::begin(&context, &NUMBERS).await?;
    life.store.put_all(puts(numbers([1, 2]))).await?;
    while let Some(view) = life.next().await? {
        view.gives(view.range(None, None, Order::Backward), &numbers([2, 1])).await?;
    }
    Ok(())
}
