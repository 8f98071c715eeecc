//! Versioned stores.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use integration_tests::Place;
use store::{codec::Raw, prelude::*};

use super::key_value::bytes;

static RATES: VersionedKeyValue<Bytes, Bytes, Raw> =
    VersionedKeyValue::new("rates", Duration::from_millis(100)).values(Raw);
static FORGETFUL: VersionedKeyValue<Bytes, Bytes, Raw> =
    VersionedKeyValue::new("forgetful", Duration::ZERO).values(Raw);

const fn record(value: Bytes, time: i64, valid_to: Option<i64>) -> VersionedRecord<Bytes> {
    VersionedRecord { value, time, valid_to }
}

pub(crate) async fn the_history_ends_where_it_says(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RATES).open().await?;
    let rates = task.store(&RATES)?;
    let (k, other) = (bytes("k"), bytes("other"));
    rates.put(&k, Some(&bytes("old")), 0).await?;
    rates.put(&k, Some(&bytes("new")), 90).await?;
    // The old one was valid to 89, which is in the history until stream time is above 189.
    for (time, found) in [(189, true), (190, false)] {
        rates.put(&other, Some(&bytes("")), time).await?;
        task.commit(()).await?;
        let reopened = place.database().await?.read("app", 0).await?.store(&RATES).await?;
        let old = Some(record(bytes("old"), 0, Some(90))).filter(|_| found);
        ensure!(rates.get_as_of(&k, 89).await? == old, "at {time}");
        ensure!(reopened.get_as_of(&k, 89).await? == old, "at {time}, for a reader");
        let history: Vec<_> = rates.history(&k, 0, 200, Order::Forward).try_collect().await?;
        ensure!(history.len() == 1 + usize::from(found), "at {time}: {history:?}");
        // The latest version never expires.
        ensure!(rates.get_as_of(&k, 90).await? == Some(record(bytes("new"), 90, None)));
    }
    ensure!(rates.put(&k, Some(&bytes("at the edge")), 90).await? == VersionedPut::Latest);
    ensure!(rates.put(&k, Some(&bytes("late")), 89).await? == VersionedPut::Late);
    ensure!(rates.delete(&k, 89).await?.is_none());
    ensure!(rates.late_records() == 2);
    ensure!(rates.delete(&k, 100).await? == Some(record(bytes("at the edge"), 90, None)));
    ensure!(rates.get(&k).await?.is_none());
    ensure!(rates.get_as_of(&k, 95).await? == Some(record(bytes("at the edge"), 90, Some(100))));
    Ok(())
}

pub(crate) async fn without_history_only_the_latest_counts(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&FORGETFUL).open().await?;
    let store = task.store(&FORGETFUL)?;
    let k = bytes("k");
    store.put(&k, Some(&bytes("1")), 10).await?;
    ensure!(store.get_as_of(&k, 11).await? == Some(record(bytes("1"), 10, None)));
    store.put(&k, Some(&bytes("2")), 10).await?;
    store.put(&k, Some(&bytes("3")), 12).await?;
    ensure!(store.get_as_of(&k, 11).await?.is_none());
    ensure!(store.delete(&k, 13).await? == Some(record(bytes("3"), 12, None)));
    ensure!(store.get(&k).await?.is_none());
    ensure!(store.put(&bytes("other"), Some(&bytes("")), 12).await? == VersionedPut::Late);
    Ok(())
}

pub(crate) async fn versions_at_the_ends_of_i64(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RATES).open().await?;
    let rates = task.store(&RATES)?;
    let k = bytes("k");
    ensure!(rates.put(&k, Some(&bytes("first")), i64::MIN).await? == VersionedPut::Latest);
    ensure!(rates.delete(&k, i64::MIN + 5).await?.is_some());
    ensure!(
        rates.get_as_of(&k, i64::MIN).await?
            == Some(record(bytes("first"), i64::MIN, Some(i64::MIN + 5)))
    );
    rates.put(&k, Some(&bytes("before the last")), i64::MAX - 1).await?;
    rates.put(&k, Some(&bytes("last")), i64::MAX).await?;
    task.commit(()).await?;
    let last = record(bytes("last"), i64::MAX, None);
    let before = record(bytes("before the last"), i64::MAX - 1, Some(i64::MAX));
    ensure!(rates.get(&k).await? == Some(last.clone()));
    ensure!(rates.get_as_of(&k, i64::MAX).await? == Some(last.clone()));
    ensure!(rates.get_as_of(&k, i64::MAX - 1).await? == Some(before.clone()));
    let history: Vec<_> =
        rates.history(&k, i64::MIN, i64::MAX, Order::Backward).try_collect().await?;
    ensure!(history == [last.clone(), before.clone()], "{history:?}");
    ensure!(rates.delete(&k, i64::MAX).await? == Some(last));
    let history: Vec<_> =
        rates.history(&k, i64::MIN, i64::MAX, Order::Forward).try_collect().await?;
    ensure!(history == [before], "{history:?}");
    Ok(())
}

pub(crate) async fn long_histories_come_in_pages(place: Place) -> Result<()> {
    let mut config = store::EngineConfig::default();
    config.page_entries = 3;
    let database = Database::with(place.backend().await?, config)?;
    let task = database.task("app", 0).store(&RATES).open().await?;
    let rates = task.store(&RATES)?;
    let k = bytes("k");
    for time in (0..100).step_by(2).chain((1..100).step_by(2)) {
        rates.put(&k, Some(&bytes(time.to_string())), time).await?;
        if time % 30 == 0 {
            task.commit(()).await?;
        }
    }
    for _ in 0..2 {
        let expected: Vec<i64> = (9..=60).collect();
        let times = async |order| {
            let history = rates.history(&k, 9, 60, order).map_ok(|record| record.time);
            history.try_collect::<Vec<_>>().await
        };
        ensure!(times(Order::Forward).await? == expected);
        ensure!(times(Order::Backward).await?.iter().rev().eq(&expected));
        task.commit(()).await?;
    }
    Ok(())
}
