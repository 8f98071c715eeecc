//! What a read sees of writes.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::calls::open;
use crate::{
    Context,
    cases::key_value::{
        changes::writes,
        tools::{Life, NUMBERS, RAW, TEXTS, View, bytes, numbers, same, texts},
        watched::Watched,
    },
};

pub(crate) async fn of_ones_own_writes(context: Context) -> Result<()> {
    let life = Life::with(&context, &NUMBERS, numbers([1])).await?;
    life.task.commit(()).await?;
    let (same_task, other) = (life.task.clone(), context.read().await?.store(&NUMBERS).await?);
    let again = same_task.store(&NUMBERS)?;
    life.store.put(&2, &numbers([2])[0].1).await?;
    life.store.delete(&1).await?;
    for store in [&life.store, &again] {
        View::new("a handle of the owner", store.clone()).holds(&numbers([2])).await?;
    }
    for opened_later in [other.clone(), context.read().await?.store(&NUMBERS).await?] {
        same(&opened_later.get_many(&[1, 2]).await?, &vec![Some("value 1".to_owned()), None])?;
    }
    same_task.commit(()).await?;
    for store in [other, context.read().await?.store(&NUMBERS).await?] {
        same(&store.get_many(&[1, 2]).await?, &vec![None, Some("value 2".to_owned())])?;
    }
    Ok(())
}

pub(crate) async fn a_look_creates_nothing(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let (task, store) = open(&watched).await?;
    let key = bytes("k");
    ensure!(!store.contains(&key).await?);
    let touched = store.modify(&key, |old| (old.clone(), old.is_some())).await?;
    same(&touched, &Some(false))?;
    same(&store.delete(&key).await?, &None)?;
    same(&task.buffered_bytes(), &0)?;
    task.commit(()).await?;
    ensure!(watched.take().commits.iter().all(|commit| commit.is_empty()));
    View::new("committed", store).holds(&[]).await
}

pub(crate) async fn of_the_last_of_many_writes(context: Context) -> Result<()> {
    let life = Life::begin(&context, &NUMBERS).await?;
    for n in 1..=1000 {
        life.store.put(&1, &n.to_string()).await?;
        if n % 250 == 0 {
            life.task.commit(()).await?;
            let read = context.read().await?.store(&NUMBERS).await?;
            same(&read.get(&1).await?, &Some(n.to_string()))?;
        }
    }
    life.store.put(&1, &"last".to_owned()).await?;
    life.holds(&[(1, "last".to_owned())]).await
}

pub(crate) async fn of_the_beginning_of_a_key(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &TEXTS, texts(["abc/def", "abc\0"])).await?;
    while let Some(view) = life.next().await? {
        for missing in ["", "a", "abc", "abc/", "abc/de", "abc/defg", "abc\0\0"] {
            same(&view.get(&missing.to_owned()).await?, &None)?;
        }
    }
    Ok(())
}

pub(crate) async fn a_delete_of_nothing_reaches_the_backend(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let (task, store) = open(&watched).await?;
    let entry = (bytes("k"), bytes("v"));
    store.put(&entry.0, &entry.1).await?;
    store.put_all(vec![(bytes("absent"), None)]).await?;
    task.commit(()).await?;
    let commits = watched.take().commits;
    let expected = vec![(bytes("absent"), None), (entry.0.clone(), Some(entry.1.clone()))];
    same(&writes(&commits[0])?, &expected)?;
    store.put_all(vec![(bytes("absent"), None)]).await?;
    task.commit(()).await?;
    drop((task, store));
    Life::begin(&context, &RAW).await?.holds(&[entry]).await
}
