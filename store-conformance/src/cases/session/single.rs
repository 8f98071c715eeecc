//! Single sessions: exactly one, overwritten, taken away.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{AT, VISITS, Visits, filled, numbered};
use crate::{
    Context,
    cases::{
        stages::{Opened, STAGES},
        timed::collect,
    },
};

pub(crate) async fn exactly_the_one_asked_for(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 0, 4), ("aa", 0, 3), ("aa", 0, 4), ("aa", 1, 4), ("aaa", 0, 4)]);
    let mut opened = filled(&context, &VISITS, &rows).await?;
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for (key, session, value) in &rows {
            ensure!(visits.get(key, *session).await? == Some(*value), "{stage:?}: {key}");
        }
    }
    Ok(())
}

pub(crate) async fn one_that_is_not_there(context: Context) -> Result<()> {
    let mut opened = filled(&context, &VISITS, &numbered(&[("a", 0, 4)])).await?;
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for (key, session) in [("a", AT(0, 5)), ("a", AT(1, 4)), ("a", AT(0, 3)), ("b", AT(0, 4))] {
            let found = visits.get(&key.to_owned(), session).await?;
            ensure!(found.is_none(), "{stage:?}: {key} at {session:?} is {found:?}");
        }
    }
    Ok(())
}

/// A session is taken away, before or after the commit of it; the later one stays.
async fn taken_away(context: &Context, by_put: bool) -> Result<()> {
    let a = "a".to_owned();
    for committed in [false, true] {
        let rows = numbered(&[("a", 0, 1000), ("a", 1500, 2500)]);
        let mut opened: Opened<'_, Visits> = filled(context, &VISITS, &rows).await?;
        if committed {
            opened.commit().await?;
        }
        match by_put {
            true => ensure!(opened.store.put(&a, AT(0, 1000), None).await? == Written::Stored),
            false => opened.store.remove(&a, AT(0, 1000)).await?,
        }
        for stage in STAGES {
            let visits = opened.at(stage).await?;
            let found = collect(visits.find(&a, 0, 1000, Order::Forward)).await?;
            ensure!(found.is_empty(), "{stage:?}: {found:?}");
            ensure!(visits.get(&a, AT(0, 1000)).await?.is_none(), "{stage:?}");
            let found = collect(visits.fetch(&a, Order::Forward)).await?;
            ensure!(found == [(AT(1500, 2500), 1)], "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn removed(context: Context) -> Result<()> {
    taken_away(&context, false).await
}

pub(crate) async fn put_without_value(context: Context) -> Result<()> {
    taken_away(&context, true).await
}

pub(crate) async fn a_missing_one_can_be_removed(context: Context) -> Result<()> {
    let mut opened = filled(&context, &VISITS, &numbered(&[("a", 0, 4)])).await?;
    for stage in STAGES {
        opened.at(stage).await?;
        for (key, session) in [("a", AT(0, 5)), ("b", AT(0, 4)), ("a", AT(9000, 90_000))] {
            opened.store.remove(&key.to_owned(), session).await?;
        }
        let found = collect(opened.store.all(Order::Forward)).await?;
        ensure!(found == numbered(&[("a", 0, 4)]), "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn one_end_and_two_starts(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 0, 9), ("a", 5, 9)]);
    let mut opened = filled(&context, &VISITS, &rows).await?;
    for stage in STAGES {
        let found = collect(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == rows, "{stage:?}: {found:?}");
    }
    opened.store.remove(&"a".to_owned(), AT(0, 9)).await?;
    for stage in STAGES {
        let found = collect(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == rows[1..], "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn put_again_is_overwritten(context: Context) -> Result<()> {
    for committed in [false, true] {
        let mut opened = filled(&context, &VISITS, &numbered(&[("a", 0, 9)])).await?;
        if committed {
            opened.commit().await?;
        }
        opened.store.put(&"a".to_owned(), AT(0, 9), Some(&7)).await?;
        for stage in STAGES {
            let found = collect(opened.at(stage).await?.all(Order::Forward)).await?;
            ensure!(found == [("a".to_owned(), AT(0, 9), 7)], "{stage:?}: {found:?}");
        }
    }
    Ok(())
}
