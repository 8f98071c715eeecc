//! What expires is taken away, and nothing else.

use anyhow::{Result, ensure};
use store_core::{Maps, Writes, prelude::*};

use super::tools::rows;
use crate::{
    Context,
    cases::{
        stages::Opened,
        timed::{ms, stored},
        tools::{MapsOf, bytes},
    },
};

static COUNTS: Window<u32, u32> = Window::new("counts", ms(10), ms(100)).segments(ms(10));

async fn fill(store: &dyn WindowStore<u32, u32>, from: i64, to: i64) -> Result<()> {
    for start in (from..to).step_by(10) {
        for key in 0..20 {
            store.put(&key, start, Some(&1)).await?;
        }
    }
    Ok(())
}

pub(crate) async fn what_expired_is_gone(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &COUNTS).await?;
    fill(&*opened.store, 0, 100).await?;
    opened.commit().await?;
    ensure!(stored(&context, 0..10).await? == (200, 0));
    // The last live moment of what starts at 20: nothing of its segment may go.
    opened.store.put(&0, 119, Some(&2)).await?;
    opened.commit().await?;
    ensure!(stored(&context, 0..2).await? == (0, 0), "expired rows are kept");
    ensure!(stored(&context, 2..10).await? == (160, 0), "live rows went");
    opened.reopen().await?;
    let oldest = rows(opened.store.fetch_all(0, 20, Order::Forward)).await?;
    ensure!(oldest.len() == 20 && oldest[3] == (3, 20, 1), "{oldest:?}");
    // Ages pass: only the segments that were live are dropped, in one commit.
    let ages = 1_000_000_000_000;
    fill(&*opened.store, ages, ages + 20).await?;
    opened.commit().await?;
    ensure!(stored(&context, 0..12).await? == (0, 0), "expired rows are kept");
    let checkpoint = opened.task.checkpoint()?;
    let segments = checkpoint.stores.values().flat_map(|store| store.segments.iter().copied());
    let segments: Vec<_> = segments.collect();
    ensure!(segments == [ages / 10, ages / 10 + 1], "{segments:?}");
    ensure!(rows(opened.store.all(Order::Forward)).await?.len() == 40);
    Ok(())
}

/// Puts into segments below this one are refused, and deletes there do nothing.
async fn nothing_is_written_below(floor: i64, maps: &Maps) -> Result<()> {
    let key = bytes("k");
    let lock = maps.lock(key.clone()).await?;
    for segment in 0..floor {
        let put = Writes::new().put(Some(segment), key.clone(), bytes("late"));
        let refused = lock.write(put).await.err().map(|error| error.kind());
        ensure!(
            refused == Some(ErrorKind::InvalidArgument),
            "a put into segment {segment}, dropped below {floor}: {refused:?}"
        );
        lock.write(Writes::new().delete(Some(segment), key.clone())).await?;
        let found = maps.get(Some(segment), &key).await?;
        ensure!(found.is_none(), "segment {segment}, dropped below {floor}, has what was put late");
    }
    Ok(())
}

/// No put of a window can be so late: what a store writes through its maps is held to the same.
pub(crate) async fn what_is_dropped_stays_so(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &COUNTS).await?;
    fill(&*opened.store, 0, 40).await?;
    opened.commit().await?;
    let maps = opened.task.store(&MapsOf(&COUNTS))?;
    // Two segments expire.
    opened.store.put(&0, 119, Some(&2)).await?;
    opened.commit().await?;
    nothing_is_written_below(2, &maps).await?;
    // Another one, which is not committed yet.
    opened.store.put(&0, 129, Some(&2)).await?;
    nothing_is_written_below(3, &maps).await?;
    opened.commit().await?;
    opened.reopen().await?;
    let maps = opened.task.store(&MapsOf(&COUNTS))?;
    nothing_is_written_below(3, &maps).await?;
    opened.commit().await?;
    let segments = maps.timeline().await?.segments;
    ensure!(segments == [3, 11, 12].into(), "{segments:?}");
    ensure!(stored(&context, 0..3).await? == (0, 0), "what was dropped is back");
    Ok(())
}
