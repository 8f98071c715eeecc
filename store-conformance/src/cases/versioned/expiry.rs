//! What expires is taken away, and only stream time decides.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{H, I, RATES, record, text};
use crate::{
    Context,
    cases::{
        stages::Opened,
        timed::{BRIEF, OFF_THE_WALL, brief_passes, collect, stored},
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

/// What lived for longer than its history, in a database that has clocks of its own, is there for everybody.
pub(crate) async fn the_wall_clock_plays_no_part(context: Context) -> Result<()> {
    static SHORT: VersionedKeyValue<String, String> = VersionedKeyValue::new("short", BRIEF);
    let open = async |partition| {
        let task = context.database().await?.task("app", partition).store(&SHORT).open().await?;
        let store = task.store(&SHORT)?;
        anyhow::Ok((task, store))
    };
    let k = text("k");
    for (partition, time) in OFF_THE_WALL {
        let (task, store) = open(partition).await?;
        store.put(&k, Some(&text("a")), time).await?;
        store.put(&k, Some(&text("b")), time + 1).await?;
        task.commit(()).await?;
    }
    brief_passes().await;
    for (partition, time) in OFF_THE_WALL {
        let read = context.database().await?.read("app", partition).await?.store(&SHORT).await?;
        let found = collect(read.history(&k, time, time + 1, Order::Forward)).await?;
        let expected = [record("a", time, time + 1), record("b", time + 1, None)];
        ensure!(found == expected, "at {time} a reader finds {found:?}");
        let (task, store) = open(partition).await?;
        store.put(&k, Some(&text("c")), time + 2).await?;
        task.commit(()).await?;
        let found = collect(store.history(&k, time, time + 2, Order::Forward)).await?;
        let [a, b] = [("a", time), ("b", time + 1)].map(|(value, at)| record(value, at, at + 1));
        let expected = [a, b, record("c", time + 2, None)];
        ensure!(found == expected, "at {time} the next owner finds {found:?}");
    }
    Ok(())
}
