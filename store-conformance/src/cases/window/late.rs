//! What comes too late.

use anyhow::{Result, ensure};
use futures::StreamExt;
use store_core::prelude::*;

use super::tools::{RETENTION as R, WINDOWS, filled, rows};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES},
        timed::{collect, ms},
    },
};

pub(crate) async fn a_late_put_is_counted(context: Context) -> Result<()> {
    let mut opened = filled(&context, &[(1, 2 * R, 1)]).await?;
    ensure!(opened.store.put(&1, 0, Some(&2)).await? == Written::Late);
    ensure!(opened.store.late_records() == 1);
    ensure!(opened.store.put(&1, R + 1, Some(&3)).await? == Written::Stored);
    ensure!(opened.store.late_records() == 1);
    for stage in STAGES {
        let found = rows(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == [(1, R + 1, 3), (1, 2 * R, 1)], "{stage:?}: {found:?}");
    }
    Ok(())
}

/// Rows at 1 and 2, and stream time such that the first has just expired.
async fn at_the_boundary(context: &Context) -> Result<Opened<'_, Window<u32, u32>>> {
    filled(context, &[(1, 1, 1), (1, 2, 2), (9, R + 1, 9)]).await
}

pub(crate) async fn reads_end_at_the_boundary(context: Context) -> Result<()> {
    let mut opened = at_the_boundary(&context).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        ensure!(windows.get(&1, 1).await?.is_none(), "{stage:?}: a point");
        ensure!(windows.get(&1, 2).await? == Some(2), "{stage:?}: a point");
        for order in ORDERS {
            for from in [0, 1, 2] {
                let found = collect(windows.fetch(&1, from, 5, order)).await?;
                ensure!(found == [(2, 2)], "{stage:?}: {found:?}");
                let found = rows(windows.fetch_keys(Some(0), Some(1), from, 5, order)).await?;
                ensure!(found == [(1, 2, 2)], "{stage:?}: {found:?}");
                let found = rows(windows.fetch_all(from, 5, order)).await?;
                ensure!(found == [(1, 2, 2)], "{stage:?}: {found:?}");
            }
            ensure!(windows.fetch(&1, 0, 1, order).count().await == 0, "{stage:?}");
            let mut found = rows(windows.all(order)).await?;
            found.sort_unstable();
            ensure!(found == [(1, 2, 2), (9, R + 1, 9)], "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn writes_end_at_the_boundary(context: Context) -> Result<()> {
    let mut opened = at_the_boundary(&context).await?;
    for stage in STAGES {
        opened.at(stage).await?;
        let windows = &opened.store;
        let late = windows.late_records();
        ensure!(windows.put(&1, 1, Some(&7)).await? == Written::Late, "{stage:?}");
        ensure!(windows.put(&1, 1, None).await? == Written::Late, "{stage:?}");
        ensure!(windows.update(&1, 1, |_| unreachable!()).await? == Written::Late, "{stage:?}");
        ensure!(windows.late_records() == late + 3, "{stage:?}");
        ensure!(windows.put(&2, 2, Some(&8)).await? == Written::Stored, "{stage:?}");
        let kept = windows.update(&1, 2, |old| old.map(|old| old + 1)).await?;
        ensure!(kept == Written::Stored, "{stage:?}");
        ensure!(windows.late_records() == late + 3, "{stage:?}");
        opened.commit().await?;
    }
    ensure!(opened.store.get(&1, 2).await? == Some(6));
    Ok(())
}

pub(crate) async fn a_late_put_does_not_move_time(context: Context) -> Result<()> {
    let mut opened = at_the_boundary(&context).await?;
    opened.task.commit([("s", 3)]).await?;
    ensure!(opened.store.put(&1, 1, Some(&7)).await? == Written::Late);
    // Its record is done with all the same.
    opened.task.commit([("s", 4)]).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        ensure!(windows.get(&1, 2).await? == Some(2), "{stage:?}: time went on");
        ensure!(windows.get(&1, 1).await?.is_none(), "{stage:?}: time went back");
        let checkpoint = opened.task.checkpoint()?;
        ensure!(checkpoint.offsets["s"] == 4, "{stage:?}: {:?}", checkpoint.offsets);
        let times: Vec<_> = checkpoint.stores.values().map(|store| store.stream_time).collect();
        ensure!(times == [Some(R + 1)], "{stage:?}: {times:?}");
    }
    Ok(())
}

pub(crate) async fn time_outlives_the_task(context: Context) -> Result<()> {
    let mut opened = filled(&context, &[(1, 2 * R, 1)]).await?;
    opened.commit().await?;
    for closed in [false, true] {
        if closed {
            opened.task.close().await?;
        }
        opened.reopen().await?;
        ensure!(opened.store.put(&1, R, Some(&2)).await? == Written::Late, "closed: {closed}");
        ensure!(opened.store.late_records() == 1, "closed: {closed}");
        ensure!(opened.store.put(&1, R + 1, Some(&3)).await? == Written::Stored);
    }
    Ok(())
}

pub(crate) async fn a_put_without_value_moves_time(context: Context) -> Result<()> {
    static JOINED: Window<u32, u32> =
        Window::new("windows", ms(3), ms(R.unsigned_abs())).duplicates();
    for (partition, definition) in [(0, &WINDOWS), (1, &JOINED)] {
        let database = context.database().await?;
        let task = database.task("app", partition).store(definition).open().await?;
        let windows = task.store(definition)?;
        windows.put(&1, 0, Some(&1)).await?;
        windows.put(&1, R, None).await?;
        ensure!(windows.get(&1, 0).await?.is_none(), "it lives on");
        ensure!(windows.put(&1, 0, Some(&1)).await? == Written::Late);
        ensure!(windows.put(&1, 1, Some(&2)).await? == Written::Stored);
        let found = rows(windows.all(Order::Forward)).await?;
        ensure!(found == [(1, 1, 2)], "{found:?}");
    }
    Ok(())
}

pub(crate) async fn a_rollback_takes_time_back(context: Context) -> Result<()> {
    let mut opened = filled(&context, &[(1, 1, 1)]).await?;
    opened.commit().await?;
    opened.store.put(&1, 2 * R, Some(&2)).await?;
    ensure!(opened.store.get(&1, 1).await?.is_none());
    opened.task.rollback().await?;
    ensure!(opened.store.put(&1, 0, Some(&3)).await? == Written::Stored);
    for stage in STAGES {
        let found = rows(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == [(1, 0, 3), (1, 1, 1)], "{stage:?}: {found:?}");
    }
    Ok(())
}
