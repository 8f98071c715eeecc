//! Stores that keep every value put to a window.

use anyhow::{Result, ensure};
use futures::StreamExt;
use store_core::prelude::*;

use super::tools::{Row, S, put, rows};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::{collect, ms},
    },
};

static JOINED: Window<u32, String> = Window::new("joined", ms(3), ms(120_000)).duplicates();

fn row(key: u32, start: i64, value: &str) -> Row<u32, String> {
    (key, start, value.to_owned())
}

pub(crate) async fn equal_values_are_kept(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &JOINED).await?;
    let puts = ["a", "b", "b", "c"].map(|value| row(0, S, value));
    put(&*opened.store, &puts).await?;
    for stage in STAGES {
        let joined = opened.at(stage).await?;
        for order in ORDERS {
            let found = rows(joined.all(order)).await?;
            ensure!(found == ordered(&puts, order), "{stage:?}: {found:?}");
            let later = joined.fetch(&0, S + 1, S + 9, order).count().await;
            ensure!(later == 0, "{stage:?}: {later} rows later");
        }
    }
    Ok(())
}

pub(crate) async fn rows_come_as_they_were_put(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &JOINED).await?;
    let puts = [("one", 0), ("one-2", 0), ("two", 30), ("two-2", 30), ("a", 60), ("three", 60)];
    for (value, start) in puts {
        opened.store.put(&1, start, Some(&value.to_owned())).await?;
    }
    let expected: Vec<_> =
        puts.iter().map(|(value, start)| (*start, (*value).to_owned())).collect();
    for stage in STAGES {
        let joined = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(joined.fetch(&1, 0, 30, order)).await?;
            ensure!(found == ordered(&expected[..4], order), "{stage:?}: {found:?}");
            let found = collect(joined.fetch(&1, 0, 60, order)).await?;
            ensure!(found == ordered(&expected, order), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn a_put_without_value_changes_nothing(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &JOINED).await?;
    put(&*opened.store, &[row(1, 5, "x"), row(1, 5, "y")]).await?;
    for stage in STAGES {
        let joined = opened.at(stage).await?;
        // Once more at each stage; the task is still ours where somebody else reads.
        ensure!(opened.store.put(&1, 5, None).await? == Written::Stored);
        opened.store.put(&2, 5, None).await?;
        let found = rows(joined.all(Order::Forward)).await?;
        ensure!(found == [row(1, 5, "x"), row(1, 5, "y")], "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn a_point_is_the_first_put(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &JOINED).await?;
    put(&*opened.store, &[row(1, 5, "z"), row(1, 5, "a"), row(1, 6, "b")]).await?;
    for stage in STAGES {
        let joined = opened.at(stage).await?;
        ensure!(joined.get(&1, 5).await?.as_deref() == Some("z"), "{stage:?}");
        ensure!(joined.get(&1, 6).await?.as_deref() == Some("b"), "{stage:?}");
        ensure!(joined.get(&1, 7).await?.is_none(), "{stage:?}");
    }
    // Neither does a later put of another task's life come first.
    opened.reopen().await?;
    put(&*opened.store, &[row(1, 5, "0")]).await?;
    ensure!(opened.store.get(&1, 5).await?.as_deref() == Some("z"));
    let update = opened.store.update(&1, 5, |_| None).await;
    let kind = update.err().map(|error| error.kind());
    ensure!(kind == Some(ErrorKind::Unsupported), "an update of several values: {kind:?}");
    Ok(())
}

pub(crate) async fn order_outlives_commits_and_claims(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &JOINED).await?;
    let values: Vec<String> = (0..20).map(|n| (n % 3).to_string()).collect();
    for (n, value) in values.iter().enumerate() {
        opened.store.put(&1, 5, Some(value)).await?;
        match n % 8 {
            3 => opened.commit().await?,
            7 => {
                opened.commit().await?;
                opened.reopen().await?;
            }
            _ => {}
        }
    }
    let expected: Vec<_> = values.into_iter().map(|value| (5, value)).collect();
    for stage in STAGES {
        let joined = opened.at(stage).await?;
        for order in ORDERS {
            let found = collect(joined.fetch(&1, 5, 5, order)).await?;
            ensure!(found == ordered(&expected, order), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}
