//! What expires is gone, and only stream time decides.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use integration_tests::Place;
use store::{
    backend::{KeyRange, MapId, PageLimit, TaskId},
    prelude::*,
};

const HOUR: Duration = Duration::from_secs(3600);
const HOUR_MS: i64 = 3_600_000;
const YEAR_MS: i64 = 365 * 24 * HOUR_MS;

static COUNTS: Window<u64, u64> =
    Window::new("counts", HOUR, HOUR.saturating_mul(10)).segments(HOUR);
static VISITS: Session<u64, u64> = Session::new("visits", HOUR.saturating_mul(10)).segments(HOUR);
static RATES: VersionedKeyValue<u64, u64> =
    VersionedKeyValue::new("rates", HOUR.saturating_mul(10)).segments(HOUR);

/// How many entries the backend holds for a store's segments, whatever the engine believes.
async fn stored(place: &Place, number: u32, segments: &[i64]) -> Result<usize> {
    let reader = place.backend().await?.read(&TaskId::new("app", 0)?).await?;
    let mut stored = 0;
    for segment in segments {
        let map = MapId::segment(number, *segment);
        let page = reader.scan(map, &KeyRange::ALL, Order::Forward, PageLimit::default()).await?;
        ensure!(page.resume.is_none(), "more than a page");
        stored += page.entries.len();
    }
    Ok(stored)
}

pub(crate) async fn expired_segments_are_gone_from_the_backend(place: Place) -> Result<()> {
    let database = place.database().await?;
    let task = database.task("app", 0).store(&COUNTS).store(&VISITS).store(&RATES).open().await?;
    let (counts, visits, rates) = (task.store(&COUNTS)?, task.store(&VISITS)?, task.store(&RATES)?);
    let fill = async |from: i64, to: i64| {
        for hour in from..to {
            let time = hour * HOUR_MS;
            for key in 0..20 {
                counts.put(&key, time, Some(&1)).await?;
                visits.put(&key, SessionWindow::new(time, time + 1), Some(&1)).await?;
                rates.put(&key, Some(&1), time).await?;
            }
        }
        Ok::<_, Error>(())
    };
    fill(0, 10).await?;
    task.commit(()).await?;
    let old: Vec<i64> = (0..10).collect();
    ensure!(stored(&place, 1, &old).await? == 200 && stored(&place, 2, &old).await? == 200);
    // The first version of a key supersedes nothing.
    ensure!(stored(&place, 3, &old).await? == 180);
    // Years pass: only the segments that were live are dropped, in one commit.
    let years = 40 * YEAR_MS / HOUR_MS;
    fill(years, years + 2).await?;
    task.commit(()).await?;
    for number in 1..=3 {
        ensure!(stored(&place, number, &old).await? == 0, "store {number} keeps expired entries");
    }
    let checkpoint = task.checkpoint()?;
    for state in checkpoint.stores.values() {
        ensure!(state.segments.len() <= 3, "{:?}", state.segments);
        ensure!(
            state.segments.iter().all(|segment| *segment >= years - 10),
            "{:?}",
            state.segments
        );
    }
    ensure!(counts.all(Order::Forward).try_fold(0, async |n, _| Ok(n + 1)).await? == 40);
    drop((task, counts, visits, rates, database));
    let task = place.database().await?.task("app", 0).store(&COUNTS).open().await?;
    let late = task.store(&COUNTS)?.put(&0, 0, Some(&1)).await?;
    ensure!(late == Written::Late, "stream time did not survive");
    Ok(())
}

pub(crate) async fn the_wall_clock_plays_no_part(place: Place) -> Result<()> {
    // The first hour of 1970, a time to come, and the first one again in another task.
    for (partition, time) in [(0, 0), (1, 100_000 * YEAR_MS), (2, 0)] {
        let database = place.database().await?;
        let task = database
            .task("app", partition)
            .store(&COUNTS)
            .store(&VISITS)
            .store(&RATES)
            .open()
            .await?;
        task.store(&COUNTS)?.put(&1, time, Some(&1)).await?;
        task.store(&VISITS)?.put(&1, SessionWindow::new(time, time), Some(&1)).await?;
        task.store(&RATES)?.put(&1, Some(&1), time).await?;
        task.store(&RATES)?.put(&1, Some(&2), time + 1).await?;
        task.commit(()).await?;
        drop((task, database));
        tokio::time::sleep(Duration::from_millis(20)).await;
        let read = place.database().await?.read("app", partition).await?;
        ensure!(read.store(&COUNTS).await?.get(&1, time).await? == Some(1));
        let visit = SessionWindow::new(time, time);
        ensure!(read.store(&VISITS).await?.get(&1, visit).await? == Some(1));
        let rates = read.store(&RATES).await?;
        ensure!(rates.get_as_of(&1, time).await?.map(|rate| rate.value) == Some(1));
    }
    Ok(())
}
