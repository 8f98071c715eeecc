//! More than what a database takes at a time, and in more places than one.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    Context,
    cases::key_value::tools::{Life, RAW, View, bytes, puts, same},
};

/// More than 16 bits can number, as requests of some protocols number what is in them.
const ABOVE: u32 = (1 << 16) + 2;

pub(crate) async fn above_every_limit(context: Context) -> Result<()> {
    let key = |n: u32| bytes(n.to_be_bytes());
    let entries: Vec<_> = (0..ABOVE).map(|n| (key(n), bytes([n.to_be_bytes()[3]]))).collect();
    let mut life = Life::begin(&context, &RAW).await?;
    life.store.put_all(puts(entries.clone())).await?;
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).collect();
    while let Some(view) = life.next().await? {
        let found = view.get_many(&keys).await?;
        let values = entries.iter().map(|(_, value)| Some(value));
        ensure!(found.iter().map(Option::as_ref).eq(values), "{}", view.stage);
    }
    life.store.put_all(keys.iter().map(|key| (key.clone(), None)).collect()).await?;
    life.task.commit(()).await?;
    View::new("deleted", life.store.clone()).holds(&[]).await
}

pub(crate) async fn in_many_places(context: Context) -> Result<()> {
    let mut random = StdRng::seed_from_u64(context.seed);
    let database = context.database().await?;
    let mut tasks = Vec::new();
    for partition in 0..8 {
        let task = database.task("app", partition).store(&RAW).open().await?;
        let entries: BTreeMap<_, _> = (0..100)
            .map(|_| {
                let key: Vec<u8> =
                    (0..random.random_range(1..40)).map(|_| random.random()).collect();
                (bytes(key), bytes(random.random::<u64>().to_be_bytes()))
            })
            .collect();
        let entries: Vec<_> = entries.into_iter().collect();
        task.store(&RAW)?.put_all(puts(entries.clone())).await?;
        tasks.push((task, entries));
    }
    // All at once, each in a commit of its own.
    try_join_all(tasks.iter().map(|(task, _)| task.commit(()))).await?;
    for (partition, (_, entries)) in (0..).zip(tasks) {
        let store = context.database().await?.read("app", partition).await?.store(&RAW).await?;
        let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).rev().collect();
        let values: Vec<_> = entries.iter().map(|(_, value)| Some(value.clone())).rev().collect();
        same(&store.get_many(&keys).await?, &values)?;
    }
    Ok(())
}
