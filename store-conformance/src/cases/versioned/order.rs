//! Versions that come in any order, around the edges of segments.

use anyhow::{Result, ensure};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use store_core::prelude::*;

use super::tools::{I, Modelled, Version, record, text};
use crate::{
    Context,
    cases::{stages::STAGES, timed::collect},
};

pub(crate) async fn times_put_again(context: Context) -> Result<()> {
    let mut versions = Modelled::new(&context).await?;
    // Sixteen puts to eight times: each is a value first and then a tombstone, or the other way round, or stays.
    let puts: [Version<'_>; 16] = [
        (Some("-"), I + 20),
        (Some("-"), I - 10),
        (None, I - 10),
        (None, I + 1),
        (Some("-"), I - 1),
        (Some("-"), I + 1),
        (None, I + 1),
        (None, I - 1),
        (Some("vn5"), I - 5),
        (Some("-"), I + 10),
        (None, I + 5),
        (Some("vp5"), I + 5),
        (None, I + 10),
        (None, I - 6),
        (Some("vn6"), I - 6),
        (None, I + 20),
    ];
    versions.put(&puts).await?;
    versions.agrees().await?;
    let rates = &versions.opened.store;
    let found = collect(rates.history(&text("k"), 0, 2 * I, Order::Forward)).await?;
    let expected =
        [record("vn6", I - 6, I - 5), record("vn5", I - 5, I - 1), record("vp5", I + 5, I + 10)];
    ensure!(found == expected, "{found:?}");
    Ok(())
}

pub(crate) async fn values_between_tombstones(context: Context) -> Result<()> {
    let mut versions = Modelled::new(&context).await?;
    let puts = [
        (None, I - 20),
        (Some("vn10"), I - 10),
        (None, I - 1),
        (None, I + 1),
        (Some("vp10"), I + 10),
        (None, I + 20),
    ];
    versions.put(&puts).await?;
    versions.agrees().await?;
    let k = text("k");
    for stage in STAGES {
        let rates = versions.opened.at(stage).await?;
        for time in I - 25..I + 25 {
            let found = rates.get_as_of(&k, time).await?.map(|record| record.value);
            let expected = match time - I {
                -10..-1 => Some("vn10"),
                10..20 => Some("vp10"),
                _ => None,
            };
            ensure!(found.as_deref() == expected, "{stage:?}, as of {time}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn older_segments_are_reached(context: Context) -> Result<()> {
    let mut versions = Modelled::new(&context).await?;
    versions.put(&[(Some("a"), 10), (Some("b"), 20)]).await?;
    versions.opened.commit().await?;
    // The second is valid far into the third segment, and is cut in the middle; the last ones go to the oldest segment.
    versions.put(&[(Some("c"), 2 * I + 50), (Some("d"), I + 5)]).await?;
    versions.put(&[(None, 15), (Some("e"), 12), (Some("f"), 30), (Some("g"), 1)]).await?;
    versions.put(&[(None, I + 5), (Some("h"), 2 * I + 10)]).await?;
    versions.agrees().await
}

pub(crate) async fn found_in_the_oldest_segment(context: Context) -> Result<()> {
    let mut versions = Modelled::new(&context).await?;
    versions.put(&[(Some("a"), 10), (None, 20)]).await?;
    versions.agrees().await?;
    let k = text("k");
    // Other keys, and then this one, go on in two newer segments.
    for n in 0..10 {
        for segment in [I, 2 * I] {
            let other = text(&format!("k{n}"));
            versions.opened.store.put(&other, Some(&text("o")), segment + n).await?;
            versions.opened.store.put(&other, Some(&text("p")), segment + n + 20).await?;
        }
    }
    versions.agrees().await?;
    versions.put(&[(Some("b"), I + 5), (Some("c"), 2 * I + 5)]).await?;
    versions.agrees().await?;
    let found = versions.opened.store.get_as_of(&k, 15).await?;
    ensure!(found == Some(record("a", 10, 20)), "{found:?}");
    Ok(())
}

pub(crate) async fn any_order_gives_the_same(context: Context) -> Result<()> {
    let names: Vec<String> = (0..24).map(|n| n.to_string()).collect();
    let mut puts: Vec<Version<'_>> = Vec::new();
    for (n, name) in (0..).zip(&names) {
        puts.push(((n % 4 != 3).then_some(name.as_str()), I - 60 + n * 5));
    }
    let mut random = StdRng::seed_from_u64(context.seed);
    puts.shuffle(&mut random);
    let mut versions = Modelled::new(&context).await?;
    for some in puts.chunks(7) {
        versions.put(some).await?;
        versions.opened.commit().await?;
    }
    versions.agrees().await
}
