//! What expires is taken away, and only stream time decides.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{H, I, RATES, record, text};
use crate::{
    Context,
    cases::{
        stages::Opened,
        timed::{collect, ms, stored},
    },
};

pub(crate) async fn what_expired_is_gone(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let keys: Vec<_> = (0..10).map(|n| n.to_string()).collect();
    for time in [0, 10, I, I + 10, 2 * I] {
        for key in &keys {
            opened.store.put(key, Some(&time.to_string()), time).await?;
        }
    }
    for key in ["8", "9"] {
        opened.store.delete(&text(key), 2 * I + 1).await?;
    }
    opened.commit().await?;
    opened.store.put(&text("8"), Some(&text("again")), 2 * I + 1).await?;
    opened.commit().await?;
    // The first version of a key supersedes nothing; the last key ends in a tombstone, the one before did.
    ensure!(stored(&context, 0..3).await? == (43, 9));
    // The versions that end in the second segment are live to its end.
    opened.store.put(&text("clock"), None, H + I + 9).await?;
    opened.commit().await?;
    ensure!(stored(&context, 0..1).await? == (0, 9), "expired versions are kept");
    ensure!(stored(&context, 1..3).await? == (33, 9), "live versions went");
    let found = opened.store.get_as_of(&text("3"), I + 9).await?;
    ensure!(found == Some(record("100000", I, I + 10)), "{found:?}");
    // Ages pass: the tombstone goes, too, and what is latest stays.
    let ages = 1_000_000_000_000;
    opened.store.put(&text("clock"), None, ages).await?;
    opened.commit().await?;
    ensure!(stored(&context, 0..9).await? == (0, 9), "expired versions are kept");
    let checkpoint = opened.task.checkpoint()?;
    let segments = checkpoint.stores.values().flat_map(|store| store.segments.iter().copied());
    ensure!(segments.eq([ages / I]), "{:?}", checkpoint.stores);
    opened.reopen().await?;
    let found = collect(opened.store.history(&text("3"), 0, ages, Order::Forward)).await?;
    ensure!(found == [record("200000", 2 * I, None)], "{found:?}");
    Ok(())
}

pub(crate) async fn the_wall_clock_plays_no_part(context: Context) -> Result<()> {
    const YEAR: i64 = 365 * 24 * 3_600_000;
    // The first moments of 1970, a time to come, and the first ones again.
    for (partition, time) in [(0, 0), (1, 100_000 * YEAR), (2, 0)] {
        let database = context.database().await?;
        let task = database.task("app", partition).store(&RATES).open().await?;
        let (rates, k) = (task.store(&RATES)?, text("k"));
        rates.put(&k, Some(&text("a")), time).await?;
        rates.put(&k, Some(&text("b")), time + 1).await?;
        task.commit(()).await?;
        task.close().await?;
        tokio::time::sleep(ms(20)).await;
        let read = context.database().await?.read("app", partition).await?;
        let rates = read.store(&RATES).await?;
        let found = collect(rates.history(&k, time, time + 1, Order::Forward)).await?;
        let expected = [record("a", time, time + 1), record("b", time + 1, None)];
        ensure!(found == expected, "{found:?}");
    }
    Ok(())
}
