//! Versions of one key, beside a model of them.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use store_core::prelude::*;

use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::{collect, ms},
    },
};

pub(super) type Versions = VersionedKeyValue<String, String>;
pub(super) type Record = VersionedRecord<String>;

/// How long superseded versions are kept.
pub(super) const H: i64 = 300_000;
/// The length of a segment.
pub(super) const I: i64 = 100_000;
pub(super) static RATES: Versions =
    VersionedKeyValue::new("rates", ms(H.unsigned_abs())).segments(ms(I.unsigned_abs()));

pub(super) fn text(text: &str) -> String {
    text.to_owned()
}

pub(super) fn record(value: &str, time: i64, valid_to: impl Into<Option<i64>>) -> Record {
    Record { value: text(value), time, valid_to: valid_to.into() }
}

/// A value, or none for a tombstone, and its time.
pub(super) type Version<'a> = (Option<&'a str>, i64);

/// The key `k` of a task, beside a model that nothing expires from.
pub(super) struct Modelled<'a> {
    pub(super) opened: Opened<'a, Versions>,
    model: BTreeMap<i64, Option<String>>,
}

impl<'a> Modelled<'a> {
    pub(super) async fn new(context: &'a Context) -> Result<Self> {
        Ok(Self { opened: Opened::new(context, &RATES).await?, model: BTreeMap::new() })
    }

    /// Puts versions one by one; each comes to stand where the model says.
    pub(super) async fn put(&mut self, versions: &[Version<'_>]) -> Result<()> {
        for (value, time) in versions {
            let value = value.map(text);
            let put = self.opened.store.put(&text("k"), value.as_ref(), *time).await?;
            self.model.insert(*time, value);
            let next = self.model.range(time + 1..).next();
            let expected =
                next.map_or(VersionedPut::Latest, |(next, _)| VersionedPut::ValidTo(*next));
            ensure!(put == expected, "at {time}: {put:?} instead of {expected:?}");
        }
        Ok(())
    }

    /// The versions that are no tombstones, by time.
    fn records(&self) -> Vec<Record> {
        let ends = self.model.keys().skip(1).map(|time| Some(*time)).chain([None]);
        let versions = self.model.iter().zip(ends);
        let record = |((time, value), valid_to): ((&i64, &Option<String>), Option<i64>)| {
            Some(Record { value: value.clone()?, time: *time, valid_to })
        };
        versions.filter_map(record).collect()
    }

    /// Reads around every version, the latest one and the whole history, at every stage.
    pub(super) async fn agrees(&mut self) -> Result<()> {
        let (k, records) = (text("k"), self.records());
        let near = self.model.keys().flat_map(|time| [time - 1, *time, time + 1]);
        let near: std::collections::BTreeSet<_> = near.collect();
        let (first, last) = (near.first().copied(), near.last().copied());
        let (from, to) = (first.unwrap_or(0), last.unwrap_or(1));
        for stage in STAGES {
            let rates = self.opened.at(stage).await?;
            let latest = records.last().filter(|record| record.valid_to.is_none());
            let found = rates.get(&k).await?;
            ensure!(found.as_ref() == latest, "{stage:?}, the latest: {found:?}");
            for time in &near {
                let valid = records.iter().find(|record| {
                    record.time <= *time && record.valid_to.is_none_or(|end| *time < end)
                });
                let found = rates.get_as_of(&k, *time).await?;
                ensure!(found.as_ref() == valid, "{stage:?}, as of {time}: {found:?}");
            }
            for order in ORDERS {
                let found = collect(rates.history(&k, from, to, order)).await?;
                ensure!(found == ordered(&records, order), "{stage:?} {order:?}: {found:?}");
            }
        }
        Ok(())
    }
}
