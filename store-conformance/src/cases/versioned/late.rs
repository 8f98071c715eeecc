//! Versions older than the history.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{H, RATES, Versions, record, text};
use crate::{
    Context,
    cases::{
        stages::{Opened, STAGES},
        timed::{collect, ms},
    },
};

/// Stream time is put there by another key.
async fn time_goes_to(opened: &Opened<'_, Versions>, time: i64) -> Result<()> {
    opened.store.put(&text("clock"), Some(&text("")), time).await?;
    Ok(())
}

pub(crate) async fn a_late_put_is_refused(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    time_goes_to(&opened, H + 10).await?;
    let v = text("v");
    ensure!(opened.store.put(&text("in time"), Some(&v), 10).await? == VersionedPut::Latest);
    ensure!(opened.store.late_records() == 0);
    ensure!(opened.store.put(&text("late"), Some(&v), 9).await? == VersionedPut::Late);
    ensure!(opened.store.late_records() == 1);
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        ensure!(rates.get(&text("in time")).await? == Some(record("v", 10, None)), "{stage:?}");
        ensure!(rates.get(&text("late")).await?.is_none(), "{stage:?}");
        ensure!(rates.get_as_of(&text("late"), H).await?.is_none(), "{stage:?}");
    }
    Ok(())
}

pub(crate) async fn a_late_delete_is_refused(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let k = text("k");
    opened.store.put(&k, Some(&text("v")), 5).await?;
    time_goes_to(&opened, H + 10).await?;
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        let late = opened.store.late_records();
        ensure!(opened.store.delete(&k, 9).await?.is_none(), "{stage:?}");
        ensure!(opened.store.late_records() == late + 1, "{stage:?}");
        ensure!(rates.get(&k).await? == Some(record("v", 5, None)), "{stage:?}: it is gone");
    }
    ensure!(opened.store.delete(&k, 10).await? == Some(record("v", 5, None)));
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        ensure!(rates.get(&k).await?.is_none(), "{stage:?}");
        ensure!(rates.get_as_of(&k, 10).await?.is_none(), "{stage:?}");
    }
    Ok(())
}

pub(crate) async fn the_history_ends_where_it_says(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let k = text("k");
    opened.store.put(&k, Some(&text("old")), 0).await?;
    opened.store.put(&k, Some(&text("v")), 99_990).await?;
    for (time, old) in [(399_989, Some(record("old", 0, 99_990))), (399_990, None)] {
        time_goes_to(&opened, time).await?;
        for stage in STAGES {
            let rates = opened.at(stage).await?;
            let found = rates.get_as_of(&k, 99_989).await?;
            ensure!(found == old, "{stage:?}, T = {time}: {found:?}");
            let v = Some(record("v", 99_990, None));
            ensure!(rates.get_as_of(&k, 99_990).await? == v, "{stage:?}, T = {time}");
        }
    }
    Ok(())
}

pub(crate) async fn the_latest_never_expires(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let (k, ko) = (text("k"), text("ko"));
    opened.store.put(&k, Some(&text("v")), 1).await?;
    opened.store.put(&ko, Some(&text("v")), 1).await?;
    opened.store.put(&ko, Some(&text("w")), H + 12).await?;
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        ensure!(rates.get_as_of(&k, 10).await? == Some(record("v", 1, None)), "{stage:?}");
        ensure!(rates.get_as_of(&ko, 10).await?.is_none(), "{stage:?}");
        ensure!(rates.get(&ko).await? == Some(record("w", H + 12, None)), "{stage:?}");
    }
    Ok(())
}

pub(crate) async fn without_history(context: Context) -> Result<()> {
    static FORGETFUL: Versions = VersionedKeyValue::new("forgetful", ms(0));
    for committing in [false, true] {
        let opened = Opened::new(&context, &FORGETFUL).await?;
        let (store, k) = (&opened.store, text("k"));
        let settle = async || if committing { opened.commit().await } else { Ok(()) };
        store.put(&k, Some(&text("1")), 10).await?;
        settle().await?;
        ensure!(store.get_as_of(&k, 11).await? == Some(record("1", 10, None)));
        store.put(&k, Some(&text("2")), 10).await?;
        settle().await?;
        ensure!(store.get_as_of(&k, 11).await? == Some(record("2", 10, None)));
        store.put(&k, Some(&text("3")), 12).await?;
        settle().await?;
        ensure!(store.get_as_of(&k, 11).await?.is_none());
        ensure!(store.delete(&k, 13).await? == Some(record("3", 12, None)));
        settle().await?;
        ensure!(store.get(&k).await?.is_none());
        let other = store.put(&text("other"), Some(&text("")), 12).await?;
        ensure!(other == VersionedPut::Late, "{other:?}");
        opened.task.close().await?;
        if !committing {
            // What was not committed is gone, stream time too.
            let opened = Opened::new(&context, &FORGETFUL).await?;
            let put = opened.store.put(&k, None, 0).await?;
            ensure!(put == VersionedPut::Latest, "{put:?}");
        }
    }
    Ok(())
}

pub(crate) async fn time_outlives_the_task(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    time_goes_to(&opened, H + 10).await?;
    opened.commit().await?;
    for closed in [false, true] {
        if closed {
            opened.task.close().await?;
        }
        opened.reopen().await?;
        let (k, v) = (text("k"), text("v"));
        ensure!(opened.store.put(&k, Some(&v), 9).await? == VersionedPut::Late, "{closed}");
        ensure!(opened.store.delete(&k, 9).await?.is_none());
        ensure!(opened.store.late_records() == 2, "closed: {closed}");
        ensure!(opened.store.put(&k, Some(&v), 10).await? == VersionedPut::Latest, "{closed}");
    }
    Ok(())
}

pub(crate) async fn puts_and_deletes_move_time(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let (k, v) = (text("k"), text("v"));
    opened.store.put(&k, Some(&v), 0).await?;
    opened.store.get_as_of(&k, 9 * H).await?;
    collect(opened.store.history(&k, 0, 9 * H, Order::Forward)).await?;
    ensure!(opened.store.put(&k, Some(&v), 0).await? == VersionedPut::Latest, "reads moved it");
    opened.store.put(&text("other"), None, H + 1).await?;
    ensure!(opened.store.put(&k, Some(&v), 0).await? == VersionedPut::Late);
    opened.store.delete(&text("absent"), H + 3).await?;
    ensure!(opened.store.put(&k, Some(&v), 2).await? == VersionedPut::Late);
    ensure!(opened.store.put(&k, Some(&v), 3).await? == VersionedPut::Latest);
    opened.commit().await?;
    opened.store.put(&k, Some(&text("w")), 2 * H).await?;
    opened.task.rollback().await?;
    ensure!(opened.store.put(&k, Some(&v), 4).await? == VersionedPut::Latest, "not rolled back");
    for stage in STAGES {
        let found = opened.at(stage).await?.get(&k).await?;
        ensure!(found == Some(record("v", 4, None)), "{stage:?}: {found:?}");
    }
    Ok(())
}
