//! Versions at the ends of time.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{RATES, record, text};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::collect,
    },
};

const FIRST: i64 = i64::MIN;
const LAST: i64 = i64::MAX;

pub(crate) async fn versions_at_the_ends_of_time(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &RATES).await?;
    let k = text("k");
    ensure!(opened.store.put(&k, Some(&text("first")), FIRST).await? == VersionedPut::Latest);
    let deleted = opened.store.delete(&k, FIRST + 5).await?;
    ensure!(deleted == Some(record("first", FIRST, None)), "{deleted:?}");
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        for time in [FIRST, FIRST + 4] {
            let found = rates.get_as_of(&k, time).await?;
            ensure!(found == Some(record("first", FIRST, FIRST + 5)), "{stage:?}: {found:?}");
        }
        ensure!(rates.get(&k).await?.is_none(), "{stage:?}");
    }
    opened.store.put(&k, Some(&text("before the last")), LAST - 1).await?;
    opened.store.put(&k, Some(&text("last")), LAST).await?;
    let (before, last) = (record("before the last", LAST - 1, LAST), record("last", LAST, None));
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        ensure!(rates.get(&k).await?.as_ref() == Some(&last), "{stage:?}");
        ensure!(rates.get_as_of(&k, LAST).await?.as_ref() == Some(&last), "{stage:?}");
        ensure!(rates.get_as_of(&k, LAST - 1).await?.as_ref() == Some(&before), "{stage:?}");
        for order in ORDERS {
            let found = collect(rates.history(&k, FIRST, LAST, order)).await?;
            let expected = [before.clone(), last.clone()];
            ensure!(found == ordered(&expected, order), "{stage:?}: {found:?}");
        }
    }
    ensure!(opened.store.delete(&k, LAST).await?.as_ref() == Some(&last));
    for stage in STAGES {
        let rates = opened.at(stage).await?;
        let found = collect(rates.history(&k, FIRST, LAST, Order::Forward)).await?;
        ensure!(found == std::slice::from_ref(&before), "{stage:?}: {found:?}");
    }
    Ok(())
}
