//! A few versions.

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{codec::Raw, prelude::*};

use super::tools::{Modelled, RATES, record, text};
use crate::{
    Context,
    cases::{
        stages::{Opened, STAGES},
        timed::{collect, ms},
    },
    waist::key,
};

pub(crate) async fn a_later_version_supersedes(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let k = text("k");
    for (value, time) in [("v", 10), ("v2", 11)] {
        let put = opened.store.put(&k, Some(&text(value)), time).await?;
        ensure!(put == VersionedPut::Latest, "{put:?}");
    }
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        ensure!(rates.get(&k).await? == Some(record("v2", 11, None)), "{stage:?}");
        for (time, expected) in [
            (9, None),
            (10, Some(record("v", 10, 11))),
            (11, Some(record("v2", 11, None))),
            (12, Some(record("v2", 11, None))),
        ] {
            let found = rates.get_as_of(&k, time).await?;
            ensure!(found == expected, "{stage:?}, as of {time}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn tombstones_alone_are_nothing(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let k = text("k");
    for time in [10, 11] {
        ensure!(opened.store.put(&k, None, time).await? == VersionedPut::Latest);
    }
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        ensure!(rates.get(&k).await?.is_none(), "{stage:?}");
        for time in [9, 10, 11, 12, i64::MAX] {
            ensure!(rates.get_as_of(&k, time).await?.is_none(), "{stage:?}, as of {time}");
        }
        let found = collect(rates.history(&k, 0, 100, Order::Forward)).await?;
        ensure!(found.is_empty(), "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn behind_a_tombstone_as_behind_a_value(context: Context) -> Result<()> {
    for latest in [None, Some("latest")] {
        let mut versions = Modelled::new(&context).await?;
        versions.put(&[(latest, 10)]).await?;
        // Older values and tombstones, in any order; one of them over another.
        versions.put(&[(Some("a"), 5), (None, 8), (None, 2), (Some("b"), 7), (None, 5)]).await?;
        versions.put(&[(Some("c"), 9), (Some("d"), 5)]).await?;
        versions.agrees().await?;
        let latest = latest.map(|value| record(value, 10, None));
        ensure!(versions.opened.store.get(&text("k")).await? == latest);
        versions.opened.task.close().await?;
        context.database().await?.destroy("app", 0).await?;
    }
    Ok(())
}

pub(crate) async fn empty_is_no_tombstone(context: Context) -> Result<()> {
    static RAW: VersionedKeyValue<Bytes, Bytes, Raw> =
        VersionedKeyValue::new("raw", ms(1000)).values(Raw);
    let mut opened = Opened::new(&context, &RAW).await?;
    let (empty, gone) = (key("empty"), key("gone"));
    // The latest, one in the middle and the first.
    for time in [30, 20, 10] {
        opened.store.put(&empty, Some(&key("")), time).await?;
        opened.store.put(&gone, None, time).await?;
    }
    for stage in STAGES {
        let store = opened.at(stage).await?;
        for (time, valid_to) in [(10, Some(20)), (20, Some(30)), (30, None)] {
            let expected = VersionedRecord { value: key(""), time, valid_to };
            let found = store.get_as_of(&empty, time).await?;
            ensure!(found.as_ref() == Some(&expected), "{stage:?}, as of {time}: {found:?}");
            ensure!(store.get_as_of(&gone, time).await?.is_none(), "{stage:?}, as of {time}");
        }
        ensure!(store.get(&empty).await?.is_some() && store.get(&gone).await?.is_none());
        let found = collect(store.history(&empty, 0, 99, Order::Forward)).await?;
        ensure!(found.len() == 3, "{stage:?}: {found:?}");
        let found = collect(store.history(&gone, 0, 99, Order::Forward)).await?;
        ensure!(found.is_empty(), "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn a_superseded_version_says_its_end(context: Context) -> Result<()> {
    let mut versions = Modelled::new(&context).await?;
    versions.put(&[(Some("a"), 10), (Some("c"), 30), (Some("b"), 20)]).await?;
    versions.opened.store.delete(&text("k"), 40).await?;
    for stage in STAGES {
        let rates = versions.opened.at(stage).await?;
        for (time, value, end) in [(10, "a", 20), (20, "b", 30), (30, "c", 40)] {
            let found = rates.get_as_of(&text("k"), time + 5).await?;
            ensure!(found == Some(record(value, time, end)), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn a_delete_gives_what_was_valid(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let k = text("k");
    ensure!(opened.store.delete(&k, 5).await?.is_none(), "nothing was there");
    opened.store.put(&k, Some(&text("a")), 10).await?;
    opened.store.put(&k, Some(&text("b")), 30).await?;
    opened.commit().await?;
    // In the middle of a version, whose own time is earlier.
    ensure!(opened.store.delete(&k, 20).await? == Some(record("a", 10, 30)));
    ensure!(opened.store.delete(&k, 25).await?.is_none(), "a tombstone was valid");
    ensure!(opened.store.delete(&k, 40).await? == Some(record("b", 30, None)));
    ensure!(opened.store.delete(&k, 30).await? == Some(record("b", 30, 40)));
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        ensure!(rates.get(&k).await?.is_none(), "{stage:?}");
        let found = collect(rates.history(&k, 0, 99, Order::Forward)).await?;
        ensure!(found == [record("a", 10, 20)], "{stage:?}: {found:?}");
    }
    Ok(())
}
