//! What expires is taken away, and only stream time decides.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{AT, CUT, numbered, put};
use crate::{
    Context,
    cases::{
        stages::Opened,
        timed::{BRIEF, OFF_THE_WALL, brief_passes, collect, stored},
    },
};

pub(crate) async fn what_expired_is_gone(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &CUT).await?;
    let a = "a".to_owned();
    for second in 0..10 {
        for n in 0..10 {
            opened.store.put(&a, AT(n, second * 1000 + n), Some(&1)).await?;
        }
    }
    opened.commit().await?;
    ensure!(stored(&context, 0..10).await? == (100, 0));
    // The last live moment of what ends at 2009: nothing of its segment may go.
    opened.store.put(&a, AT(0, 12_008), None).await?;
    opened.commit().await?;
    ensure!(stored(&context, 0..2).await? == (0, 0), "expired sessions are kept");
    ensure!(stored(&context, 2..10).await? == (80, 0), "live sessions went");
    opened.reopen().await?;
    let oldest = collect(opened.store.find(&a, 0, 2500, Order::Forward)).await?;
    ensure!(oldest.first() == Some(&(AT(9, 2009), 1)), "{oldest:?}");
    let ages = 1_000_000_000_000;
    opened.store.put(&a, AT(0, ages), Some(&1)).await?;
    opened.commit().await?;
    ensure!(stored(&context, 0..13).await? == (0, 0), "expired sessions are kept");
    let checkpoint = opened.task.checkpoint()?;
    let segments = checkpoint.stores.values().flat_map(|store| store.segments.iter().copied());
    ensure!(segments.eq([ages / 1000]), "{:?}", checkpoint.stores);
    ensure!(collect(opened.store.all(Order::Forward)).await? == [(a, AT(0, ages), 1)]);
    Ok(())
}

/// What lived for longer than its retention, in a database that has clocks of its own, is there for everybody.
pub(crate) async fn the_wall_clock_plays_no_part(context: Context) -> Result<()> {
    static SHORT: Session<String, u32> = Session::new("short", BRIEF);
    let open = async |partition| {
        let task = context.database().await?.task("app", partition).store(&SHORT).open().await?;
        let store = task.store(&SHORT)?;
        anyhow::Ok((task, store))
    };
    let sessions =
        |time| numbered(&[("a", time, time), ("a", time, time + 1), ("a", time, time + 2)]);
    for (partition, time) in OFF_THE_WALL {
        let (task, store) = open(partition).await?;
        put(&*store, &sessions(time)[..2]).await?;
        task.commit(()).await?;
    }
    brief_passes().await;
    for (partition, time) in OFF_THE_WALL {
        let expected = sessions(time);
        let read = context.database().await?.read("app", partition).await?;
        let found = collect(read.store(&SHORT).await?.all(Order::Forward)).await?;
        ensure!(found == expected[..2], "at {time} a reader finds {found:?}");
        let (task, store) = open(partition).await?;
        put(&*store, &expected[2..]).await?;
        task.commit(()).await?;
        let found = collect(store.all(Order::Forward)).await?;
        ensure!(found == expected, "at {time} the next owner finds {found:?}");
    }
    Ok(())
}
