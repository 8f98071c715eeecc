//! Sessions that become one.

use anyhow::{Result, bail, ensure};
use futures::future::try_join_all;
use store_core::{Effect, layers::Fault, prelude::*};

use super::tools::{AT, VISITS, filled, numbered};
use crate::{
    Context,
    cases::{
        stages::{Opened, STAGES},
        timed::{collect, ms},
        tools::faulty,
    },
};

/// Two sessions are merged, and the process dies when the commit of it is where `fate` says; none before it is sent.
async fn merged_and_killed(context: &Context, by_hand: bool, fate: Option<Fault>) -> Result<()> {
    let (backend, database) = faulty(context).await?;
    let old = numbered(&[("a", 0, 10), ("a", 20, 30)]);
    let task = database.task("app", 0).store(&VISITS).open().await?;
    let visits = task.store(&VISITS)?;
    let a = "a".to_owned();
    visits.remove(&a, AT(0, 30)).await?;
    super::tools::put(&*visits, &old).await?;
    task.commit(()).await?;
    if by_hand {
        let found = collect(visits.find(&a, 5, 25, Order::Forward)).await?;
        ensure!(found.len() == 2, "{found:?}");
        for (session, _) in found {
            visits.remove(&a, session).await?;
        }
        visits.put(&a, AT(0, 30), Some(&7)).await?;
    } else {
        visits.merge(&a, AT(12, 18), 5, |_| 7).await?;
    }
    if let Some(fate) = fate {
        backend.commits([fate]);
        let Err(error) = task.commit(()).await else { bail!("the reply was not lost") };
        ensure!(error.effect() == Effect::Unknown, "{error:?}");
    }
    drop((task, visits, database, backend));
    let mut opened = Opened::new(context, &VISITS).await?;
    let merged = vec![(a.clone(), AT(0, 30), 7)];
    let expected = if fate == Some(Fault::LostReply) { merged } else { old };
    for stage in STAGES {
        let found = collect(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == expected, "{stage:?}, {fate:?}, by hand: {by_hand}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn a_crash_leaves_all_or_one(context: Context) -> Result<()> {
    for by_hand in [true, false] {
        for fate in [None, Some(Fault::LostRequest), Some(Fault::LostReply)] {
            merged_and_killed(&context, by_hand, fate).await?;
        }
    }
    Ok(())
}

pub(crate) async fn what_is_within_the_gap(context: Context) -> Result<()> {
    // The first and the last are one millisecond too far away.
    let rows = numbered(&[("a", 0, 10), ("a", 0, 11), ("a", 18, 22), ("a", 39, 40), ("a", 40, 41)]);
    let mut opened = filled(&context, &VISITS, &rows).await?;
    let a = "a".to_owned();
    opened.store.put(&"aa".to_owned(), AT(20, 30), Some(&9)).await?;
    let mut touched = Vec::new();
    let sum = |found: Vec<(SessionWindow, u32)>| {
        touched = found;
        touched.iter().map(|(_, value)| value).sum()
    };
    ensure!(opened.store.merge(&a, AT(20, 30), 9, sum).await? == Written::Stored);
    ensure!(touched == [(AT(0, 11), 1), (AT(18, 22), 2), (AT(39, 40), 3)], "{touched:?}");
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        let found = collect(visits.fetch(&a, Order::Forward)).await?;
        ensure!(found == [(AT(0, 10), 0), (AT(0, 40), 6), (AT(40, 41), 4)], "{stage:?}: {found:?}");
        ensure!(visits.get(&"aa".to_owned(), AT(20, 30)).await? == Some(9), "{stage:?}");
    }
    Ok(())
}

pub(crate) async fn many_handlers_lose_nothing(context: Context) -> Result<()> {
    static EVENTS: Session<String, Vec<u64>> = Session::new("events", ms(100));
    let mut opened = Opened::new(&context, &EVENTS).await?;
    let handlers = (0..60_u64).map(|n| {
        let visits = opened.store.clone();
        tokio::spawn(async move {
            // Three groups of twenty, a millisecond apart inside, sixteen between.
            let time = (n % 20 + n / 20 * 35).cast_signed();
            let join = move |found: Vec<(SessionWindow, Vec<u64>)>| {
                let mut all: Vec<u64> = found.into_iter().flat_map(|(_, events)| events).collect();
                all.push(n);
                all.sort_unstable();
                all
            };
            visits.merge(&"a".to_owned(), AT(time, time), 10, join).await
        })
    });
    for written in try_join_all(handlers).await? {
        ensure!(written? == Written::Stored);
    }
    let group = |from: u64| (from..from + 20).collect::<Vec<_>>();
    let expected = [(AT(0, 19), group(0)), (AT(35, 54), group(20)), (AT(70, 89), group(40))];
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        let found = collect(visits.fetch(&"a".to_owned(), Order::Forward)).await?;
        ensure!(found == expected, "{stage:?}: {found:?}");
    }
    Ok(())
}
