//! Stores beside each other, closed, opened again, and read while they are written.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures::{FutureExt, TryFutureExt, TryStreamExt, future::BoxFuture};
use store_core::{codec::Raw, prelude::*};

use super::tools::{Life, NUMBERS, RAW, View, bytes, numbers, refused, same};
use crate::{Context, Outcome, cases::tools::counts};

pub(crate) async fn entries_are_counted(context: Context) -> Result<()> {
    let life = Life::begin(&context, &NUMBERS).await?;
    let exact = life.task.capabilities().exact_len;
    same(&life.store.approximate_len().await?, &0)?;
    for (key, value) in numbers(0..5) {
        life.store.put(&key, &value).await?;
    }
    life.task.commit(()).await?;
    let reader = context.read().await?.store(&NUMBERS).await?;
    for count in [life.store.approximate_len().await?, reader.approximate_len().await?] {
        counts(exact, count, 5, 5)?;
    }
    Ok(())
}

pub(crate) async fn stores_and_tasks_do_not_meet(context: Context) -> Result<()> {
    let other: KeyValue<Bytes, Bytes, Raw> = KeyValue::new("other").values(Raw);
    let database = context.database().await?;
    let first = database.task("app", 0).store(&RAW).store(&other).open().await?;
    let second = database.task("app", 1).store(&RAW).open().await?;
    let stores = [first.store(&RAW)?, first.store(&other)?, second.store(&RAW)?];
    let entries = |n: usize| {
        let keys = (0..=n).map(|key| bytes(format!("k{key}")));
        keys.map(|key| (key, bytes(n.to_string()))).collect::<Vec<_>>()
    };
    for (n, store) in stores.iter().enumerate() {
        for (key, value) in entries(n) {
            store.put(&key, &value).await?;
        }
    }
    for stage in ["buffered", "committed"] {
        for (n, store) in stores.iter().enumerate() {
            let view = View::new(stage, store.clone());
            view.holds(&entries(n)).await?;
            view.gives(view.prefix(b"k", Order::Forward)?, &entries(n)).await?;
            if stage == "committed" && first.capabilities().exact_len {
                same(&view.approximate_len().await?, &u64::try_from(n + 1)?)?;
            }
        }
        first.commit(()).await?;
        second.commit(()).await?;
    }
    drop(second);
    database.destroy("app", 1).await?;
    for (n, store) in stores[..2].iter().enumerate() {
        View::new("the other task destroyed", store.clone()).holds(&entries(n)).await?;
    }
    let second = database.task("app", 1).store(&RAW).open().await?;
    View::new("destroyed", second.store(&RAW)?).holds(&[]).await
}

pub(crate) async fn names_that_look_alike(context: Context) -> Result<()> {
    let names = ["a-b", "a_b", "A-b", "a.b"];
    let definition = |name: &str| KeyValue::new("").values(Raw).named(name.to_owned());
    let open = async || {
        let task =
            names.iter().fold(context.task().await?, |task, name| task.store(&definition(name)));
        anyhow::Ok(task.open().await?)
    };
    let entry = |name: &str| (bytes("k"), bytes(name));
    let task = open().await?;
    for name in names {
        let (key, value) = entry(name);
        task.store(&definition(name))?.put(&key, &value).await?;
    }
    task.commit(()).await?;
    let task = open().await?;
    for (n, name) in names.into_iter().enumerate() {
        let store = task.store(&definition(name))?;
        View::new("owned anew", store.clone()).holds(&[entry(name)]).await?;
        same(&store.name(), &name)?;
        store.delete(&bytes("k")).await?;
        task.commit(()).await?;
        for (m, other) in names.into_iter().enumerate() {
            let there = task.store(&definition(other))?.contains(&bytes("k")).await?;
            ensure!(there == (m > n), "{other} after {name} was emptied");
        }
    }
    Ok(())
}

pub(crate) async fn what_is_committed_survives(context: Context) -> Result<Outcome> {
    let life = Life::with(&context, &NUMBERS, numbers(0..3)).await?;
    life.task.commit(()).await?;
    life.store.put(&3, &"not committed".to_owned()).await?;
    let persistent = life.task.capabilities().persistent;
    life.task.close().await?;
    drop(life);
    let open = async || anyhow::Ok(context.task().await?.store(&NUMBERS).open().await?);
    let task = open().await?;
    View::new("opened again", task.store(&NUMBERS)?).holds(&numbers(0..3)).await?;
    let killed = context.place().kill().await?;
    if killed {
        let view = View::new("killed", open().await?.store(&NUMBERS)?);
        view.holds(&numbers(0..if persistent { 3 } else { 0 })).await?;
    }
    Ok(Outcome::with_a_kill(killed))
}

/// Every operation of a store, each by its name.
fn operations(
    store: &Arc<dyn KeyValueStore<u32, String>>,
) -> Vec<(&'static str, BoxFuture<'_, store_core::Result<()>>)> {
    static VALUE: String = String::new();
    let scan = |order| store.range(None, None, order).try_collect::<Vec<_>>().map_ok(drop).boxed();
    let bounded = |order| store.range(Some(1), Some(2), order).try_collect::<Vec<_>>();
    vec![
        ("get", store.get(&1).map_ok(drop).boxed()),
        ("get_many", async { store.get_many(&[1, 2]).await.map(drop) }.boxed()),
        ("put", store.put(&1, &VALUE).boxed()),
        ("put_if_absent", store.put_if_absent(&1, &VALUE).map_ok(drop).boxed()),
        ("put_all", store.put_all(vec![(1, None)]).boxed()),
        ("delete", store.delete(&1).map_ok(drop).boxed()),
        ("update", store.update(&1, |value| value).boxed()),
        ("range", bounded(Order::Forward).map_ok(drop).boxed()),
        ("a backward range", bounded(Order::Backward).map_ok(drop).boxed()),
        ("all", store.all().try_collect::<Vec<_>>().map_ok(drop).boxed()),
        ("all backward", scan(Order::Backward)),
        ("approximate_len", store.approximate_len().map_ok(drop).boxed()),
    ]
}

pub(crate) async fn nothing_works_after_close(context: Context) -> Result<()> {
    let life = Life::with(&context, &NUMBERS, numbers(0..3)).await?;
    for (name, operation) in operations(&life.store) {
        operation.await.context(name)?;
    }
    life.task.commit(()).await?;
    life.task.close().await?;
    for (name, operation) in operations(&life.store) {
        refused(operation.await, ErrorKind::Closed).context(name)?;
    }
    Ok(())
}

pub(crate) async fn a_second_close_does_nothing(context: Context) -> Result<()> {
    let life = Life::with(&context, &NUMBERS, numbers(0..3)).await?;
    life.task.commit(()).await?;
    let again = life.task.clone();
    life.task.close().await?;
    life.task.close().await?;
    again.close().await?;
    drop(life);
    let task = context.task().await?.store(&NUMBERS).open().await?;
    // Nor does a late one close what somebody else has opened.
    again.close().await?;
    View::new("opened again", task.store(&NUMBERS)?).holds(&numbers(0..3)).await?;
    task.commit(()).await?;
    Ok(())
}

/// A value that shows where it is torn.
fn numbered(n: u32) -> Bytes {
    n.to_be_bytes().repeat(250).into()
}

/// Reads one key until told to stop: always some number, whole.
async fn reads_whole_values(
    store: Arc<dyn ReadOnlyKeyValueStore<Bytes, Bytes>>,
    done: Arc<AtomicBool>,
) -> Result<()> {
    let mut reads = 0;
    while !done.load(Ordering::Relaxed) || reads == 0 {
        let value = match store.get(&bytes("k")).await {
            Err(error) if error.is_retryable() => continue,
            value => value?.context("the key is absent")?,
        };
        let number = u32::from_be_bytes(value[..4].try_into()?);
        ensure!(value == numbered(number) && number <= 10_000, "a torn value");
        reads += 1;
        tokio::task::yield_now().await;
    }
    Ok(())
}

pub(crate) async fn readers_see_whole_values(context: Context) -> Result<()> {
    let life = Life::with(&context, &RAW, [(bytes("k"), numbered(0))]).await?;
    life.task.commit(()).await?;
    let done = Arc::new(AtomicBool::new(false));
    let other = context.read().await?.store(&RAW).await?;
    let readers = [life.store.clone() as Arc<dyn ReadOnlyKeyValueStore<_, _>>, other]
        .map(|store| tokio::spawn(reads_whole_values(store, done.clone())));
    for n in 1..=10_000 {
        life.store.put(&bytes("k"), &numbered(n)).await?;
        if n % 100 == 0 {
            life.task.commit(()).await?;
        }
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await??;
    }
    life.holds(&[(bytes("k"), numbered(10_000))]).await
}
