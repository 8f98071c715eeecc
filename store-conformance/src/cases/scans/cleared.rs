//! How many entries there are, and how to be rid of them.

use anyhow::{Context as _, Result, ensure};
use store_core::prelude::*;

use crate::{
    Context,
    cases::{
        key_value::tools::{Life, NUMBERS, View, numbers, refused, rows},
        tools::counts,
    },
};

pub(crate) async fn nothing_twice(context: Context) -> Result<()> {
    let life = Life::begin(&context, &NUMBERS).await?;
    life.task.commit(()).await?;
    let database = context.database().await?;
    database.destroy("app", 0).await?;
    // Who asks again learns that there is nothing, and breaks nothing.
    refused(database.destroy("app", 0).await, ErrorKind::NotFound)?;
    let life = Life::begin(&context, &NUMBERS).await?;
    View::new("cleared", life.store.clone()).holds(&[]).await?;
    // The same by deletes: of nothing, and of what was deleted already.
    for entries in [0, 5, 0] {
        life.store
            .put_all(numbers(0..entries).into_iter().map(|(k, v)| (k, Some(v))).collect())
            .await?;
        for _ in 0..2 {
            let all = rows(life.store.all()).await?;
            life.store.put_all(all.into_iter().map(|(key, _)| (key, None)).collect()).await?;
            life.task.commit(()).await?;
        }
        View::new("emptied", life.store.clone()).holds(&[]).await?;
    }
    Ok(())
}

pub(crate) async fn counts_say_what_they_are(context: Context) -> Result<()> {
    let life = Life::with(&context, &NUMBERS, numbers(0..10)).await?;
    let exact = life.task.capabilities().exact_len;
    // What is buffered does not count.
    ensure!(life.store.approximate_len().await? == 0);
    for (round, left, written) in [(0, 10, 10), (1, 10, 11), (2, 7, 24)] {
        life.task.commit(()).await?;
        let reader = context.read().await?.store(&NUMBERS).await?;
        let counted = u64::try_from(rows(reader.all()).await?.len())?;
        ensure!(counted == left, "{counted} entries in round {round}");
        for count in [life.store.approximate_len().await?, reader.approximate_len().await?] {
            counts(exact, count, left, written).with_context(|| format!("round {round}"))?;
        }
        match round {
            0 => life.store.put(&1, &"overwritten".to_owned()).await?,
            _ => life.store.put_all((7..20).map(|key| (key, None)).collect()).await?,
        }
    }
    Ok(())
}
