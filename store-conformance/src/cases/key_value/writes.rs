//! Single writes, and what is there after them.

use anyhow::Result;
use store_core::prelude::*;

use super::tools::{Life, NUMBERS, TEXTS, View, numbers, puts, same, texts};
use crate::{Context, cases::tools::counts};

pub(crate) async fn deleted_entries_leave_the_others(context: Context) -> Result<()> {
    let life = Life::with(&context, &NUMBERS, numbers(0..3)).await?;
    life.store.delete(&0).await?;
    life.store.delete(&1).await?;
    life.holds(&numbers([2])).await
}

pub(crate) async fn no_value_in_place_of_one_deletes(context: Context) -> Result<()> {
    let life = Life::with(&context, &NUMBERS, numbers(0..3)).await?;
    life.store.update(&0, |_| None).await?;
    life.store.put_all(vec![(1, None)]).await?;
    life.holds(&numbers([2])).await
}

pub(crate) async fn the_first_value_stays(context: Context) -> Result<()> {
    let mut life = Life::begin(&context, &NUMBERS).await?;
    let (first, second) = ("first".to_owned(), "second".to_owned());
    same(&life.store.put_if_absent(&1, &first).await?, &None)?;
    same(&life.store.get(&1).await?, &Some(first.clone()))?;
    same(&life.store.put_if_absent(&1, &second).await?, &Some(first.clone()))?;
    while let Some(view) = life.next().await? {
        view.holds(&[(1, first.clone())]).await?;
        if view.stage == "committed" {
            same(&life.store.put_if_absent(&1, &second).await?, &Some(first.clone()))?;
        }
    }
    same(&life.store.put_if_absent(&1, &second).await?, &Some(first))
}

pub(crate) async fn an_update_to_nothing_of_nothing(context: Context) -> Result<()> {
    let life = Life::with(&context, &NUMBERS, numbers([2])).await?;
    life.store.update(&1, |old| old).await?;
    same(&life.store.get(&1).await?, &None)?;
    life.holds(&numbers([2])).await
}

pub(crate) async fn a_delete_gives_the_old_value(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &TEXTS, texts(["a", "b", "c"])).await?;
    let gone = |key: &str| Some(texts([key]).remove(0).1);
    same(&life.store.delete(&"a".to_owned()).await?, &gone("a"))?;
    life.task.commit(()).await?;
    same(&life.store.delete(&"b".to_owned()).await?, &gone("b"))?;
    while life.next().await?.is_some() {}
    same(&life.store.delete(&"c".to_owned()).await?, &gone("c"))
}

pub(crate) async fn a_delete_of_nothing_gives_nothing(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &NUMBERS, numbers([2])).await?;
    same(&life.store.delete(&1).await?, &None)?;
    same(&life.store.delete(&2).await?, &numbers([2]).pop().map(|(_, value)| value))?;
    // Gone already: from the buffer, then from the backend, then for the next owner.
    while let Some(view) = life.next().await? {
        view.holds(&[]).await?;
        same(&life.store.delete(&2).await?, &None)?;
    }
    Ok(())
}

pub(crate) async fn the_second_value_counts(context: Context) -> Result<()> {
    let mut life = Life::begin(&context, &NUMBERS).await?;
    for value in ["a", "b"] {
        life.store.put(&1, &value.to_owned()).await?;
    }
    while let Some(view) = life.next().await? {
        view.holds(&[(1, "b".to_owned())]).await?;
    }
    // Also where the first one is committed.
    life.store.put(&1, &"c".to_owned()).await?;
    life.task.commit(()).await?;
    let count = life.store.approximate_len().await?;
    let exact = life.task.capabilities().exact_len;
    counts(exact, count, 1, 2)?;
    let read = context.read().await?.store(&NUMBERS).await?;
    same(&read.get(&1).await?, &Some("c".to_owned()))
}

/// What the owner sees of keys `a` and `b` before anything is committed.
async fn at_once(life: &mut Life<'_, String, String>, expected: &[(String, String)]) -> Result<()> {
    let store = &life.store;
    for key in ["a", "b"] {
        let value = expected.iter().find(|(other, _)| other == key).map(|(_, value)| value);
        same(&store.get(&key.to_owned()).await?.as_ref(), &value)?;
    }
    let view = View::new("at once", store.clone());
    view.gives(view.all(), expected).await?;
    let ends = (Some("a".to_owned()), Some("b".to_owned()));
    view.gives(view.range(ends.0, ends.1, Order::Forward), expected).await?;
    view.gives(view.prefix("", Order::Forward)?, expected).await
}

pub(crate) async fn a_put_shows_at_once(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &TEXTS, texts(["a"])).await?;
    at_once(&mut life, &texts(["a"])).await?;
    life.task.commit(()).await?;
    life.store.put_all(puts(texts(["b"]))).await?;
    at_once(&mut life, &texts(["a", "b"])).await
}

pub(crate) async fn a_delete_shows_at_once(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &TEXTS, texts(["a", "b"])).await?;
    life.store.delete(&"b".to_owned()).await?;
    at_once(&mut life, &texts(["a"])).await?;
    life.task.commit(()).await?;
    life.store.delete(&"a".to_owned()).await?;
    at_once(&mut life, &[]).await
}

pub(crate) async fn the_next_owner_finds_puts_and_deletes(context: Context) -> Result<()> {
    let life = Life::with(&context, &NUMBERS, numbers(0..4)).await?;
    life.task.commit(()).await?;
    life.store.delete(&0).await?;
    life.task.commit(()).await?;
    drop(life);
    let task = context.task().await?.store(&NUMBERS).open().await?;
    let view = View::new("owned anew", task.store(&NUMBERS)?);
    view.holds(&numbers(1..4)).await?;
    same(&view.get(&0).await?, &None)
}
