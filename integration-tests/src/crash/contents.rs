//! Everything that the stores hold, in a form that can be compared.

use std::{collections::BTreeMap, fmt::Debug};

use anyhow::Result;
use futures::TryStreamExt;
use store::{
    Order,
    backend::Checkpoint,
    prelude::{ReadOnlyKeyValueStoreExt, ReadOnlySessionStoreExt, ReadOnlyWindowStoreExt},
};

use super::{
    record::SOURCE,
    stores::{KEPT_MS, Readers},
};

/// The rows of every store, by its name, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents(BTreeMap<&'static str, Vec<String>>);

/// What a reader or an owner saw.
#[derive(Debug)]
pub(super) struct Seen {
    /// The next position to read.
    pub(super) offset: i64,
    pub(super) sequence: u64,
    pub(super) contents: Contents,
    /// Which commit the last records came with.
    pub(super) tags: BTreeMap<i64, String>,
}

impl Contents {
    /// Adds the rows of a store.
    pub(super) fn set<R: Debug>(&mut self, store: &'static str, rows: impl IntoIterator<Item = R>) {
        self.0.insert(store, rows.into_iter().map(|row| format!("{row:?}")).collect());
    }

    /// The first row that is not as it must be.
    pub(super) fn difference(&self, right: &Self) -> Option<String> {
        for (store, rows) in &right.0 {
            let found = self.0.get(store).map_or(&[][..], Vec::as_slice);
            let all = 0..rows.len().max(found.len());
            for row in all {
                let (found, right) = (found.get(row), rows.get(row));
                if found != right {
                    return Some(format!("{store}, row {row}: is {found:?}, must be {right:?}"));
                }
            }
        }
        None
    }
}

/// The stream times that a checkpoint remembers, by store.
pub(super) type Times<'a> = BTreeMap<&'a str, i64>;

fn times(checkpoint: &Checkpoint) -> Times<'_> {
    let stores = checkpoint.stores.values();
    stores.filter_map(|state| Some((state.spec.name.as_str(), state.stream_time?))).collect()
}

/// Where the history of versions begins at a stream time.
pub(super) fn history_from(times: &Times<'_>) -> i64 {
    times.get("versions").map_or(0, |time| time - KEPT_MS)
}

/// The times as of which versions are asked for.
pub(super) fn as_of(times: &Times<'_>) -> [i64; 4] {
    let from = history_from(times);
    [from, from + KEPT_MS / 3, from + KEPT_MS / 2, from + KEPT_MS]
}

/// Reads all there is.
pub(super) async fn read(stores: &Readers, checkpoint: &Checkpoint) -> Result<Seen> {
    let mut contents = Contents::default();
    let times = times(checkpoint);
    contents.set("stream times", &times);
    let trails: Vec<_> = stores.trails.all().try_collect().await?;
    let backward: Vec<_> = stores.trails.range(None, None, Order::Backward).try_collect().await?;
    anyhow::ensure!(trails.iter().eq(backward.iter().rev()), "a scan backward is no mirror");
    contents.set("trails", trails);
    let twins: Vec<_> = stores.twins.all().try_collect().await?;
    contents.set("twins", twins);
    let stamped: Vec<_> = stores.stamped.all().try_collect().await?;
    contents.set("stamped", stamped.into_iter().map(|(key, at)| (key, at.time, at.value)));
    let windows: Vec<_> = stores.windows.all(Order::Forward).try_collect().await?;
    let mut rows: Vec<_> =
        windows.into_iter().map(|(at, value)| (at.key, at.start, value)).collect();
    rows.sort_by(|(a, s, _), (b, t, _)| (a, s).cmp(&(b, t)));
    contents.set("windows", rows);
    let repeats: Vec<_> = stores.repeats.all(Order::Forward).try_collect().await?;
    let mut rows: Vec<_> =
        repeats.into_iter().map(|(at, value)| (at.key, at.start, value)).collect();
    rows.sort_by(|(a, s, _), (b, t, _)| (a, s).cmp(&(b, t)));
    contents.set("repeats", rows);
    let sessions: Vec<_> = stores.sessions.all(Order::Forward).try_collect().await?;
    let mut rows: Vec<_> =
        sessions.into_iter().map(|(key, at, value)| (key, at.end, at.start, value)).collect();
    rows.sort_by(|(a, e, s, _), (b, f, t, _)| (a, e, s).cmp(&(b, f, t)));
    contents.set("sessions", rows);
    contents.set("versions", versions(stores, &times).await?);
    Ok(Seen {
        offset: checkpoint.offsets.get(SOURCE).copied().unwrap_or(0),
        sequence: checkpoint.sequence,
        contents,
        tags: stores.owners.all().try_collect().await?,
    })
}

/// A version: its key, time, end and value, and how it was asked for.
pub(super) type Version = (String, String, i64, Option<i64>, super::record::Trail);

async fn versions(stores: &Readers, times: &Times<'_>) -> Result<Vec<Version>> {
    let mut rows = Vec::new();
    for key in super::record::keys() {
        let mut row = |how: String, version: store::prelude::VersionedRecord<_>| {
            rows.push((key.clone(), how, version.time, version.valid_to, version.value));
        };
        if let Some(latest) = stores.versions.get(&key).await? {
            row("latest".to_owned(), latest);
        }
        for time in as_of(times) {
            if let Some(version) = stores.versions.get_as_of(&key, time).await? {
                row(format!("as of {time}"), version);
            }
        }
        let from = history_from(times);
        let history = stores.versions.history(&key, from, i64::MAX, Order::Forward);
        let history: Vec<_> = history.try_collect().await?;
        history.into_iter().for_each(|version| row("history".to_owned(), version));
    }
    Ok(rows)
}
