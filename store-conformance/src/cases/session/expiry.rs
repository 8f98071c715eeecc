//! What expires is taken away, and only stream time decides.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{AT, CUT, numbered, put};
use crate::{
    Context,
    cases::{
        stages::Opened,
        timed::{collect, ms, stored},
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

pub(crate) async fn the_wall_clock_plays_no_part(context: Context) -> Result<()> {
    const YEAR: i64 = 365 * 24 * 3_600_000;
    // The first moments of 1970, a time to come, and the first ones again.
    for (partition, time) in [(0, 0), (1, 100_000 * YEAR), (2, 0)] {
        let rows = numbered(&[("a", time, time), ("a", time, time + 1)]);
        let database = context.database().await?;
        let task = database.task("app", partition).store(&CUT).open().await?;
        put(&*task.store(&CUT)?, &rows).await?;
        task.commit(()).await?;
        task.close().await?;
        tokio::time::sleep(ms(20)).await;
        let read = context.database().await?.read("app", partition).await?;
        let found = collect(read.store(&CUT).await?.all(Order::Forward)).await?;
        ensure!(found == rows, "{found:?}");
    }
    Ok(())
}
