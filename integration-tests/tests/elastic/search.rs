//! Searches in many entries, while a writer commits.

use std::{env, sync::Arc};

use anyhow::{Context, Result, ensure};
use futures::{TryStreamExt, try_join};
use integration_tests::servers::Server;
use serde::{Deserialize, Serialize};
use store_conformance::waist::{MAP, Owner, deletes, key, puts, task};
use store_core::{
    Database, EngineConfig, Offsets,
    backend::PageLimit,
    prelude::*,
    search::{Condition, FieldType, Query},
};

use super::{backend, model};

/// Entries, unless `SEARCH_ENTRIES` says how many.
const ENTRIES: u64 = 20_000;
/// Entries of one commit.
const BATCH: u64 = 10_000;
/// How many places there are.
const PLACES: u64 = 1000;
/// Of these one in a hundred is moved while searches run.
const MOVED: u64 = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reading {
    place: String,
    round: i64,
}

static READINGS: KeyValue<u64, Reading> = KeyValue::new("readings")
    .indexed("place", FieldType::Text)
    .indexed("round", FieldType::Integer);

fn reading(n: u64, round: i64) -> Reading {
    Reading { place: format!("place-{:03}", n % PLACES), round }
}

fn entries() -> Result<u64> {
    match env::var("SEARCH_ENTRIES") {
        Ok(text) => text.parse().context("SEARCH_ENTRIES is a number"),
        Err(_) => Ok(ENTRIES),
    }
}

/// A reader's search counts a commit that is decided from when it is applied on: new keys, changed ones, and deleted ones.
pub(crate) async fn what_is_decided_counts_once_it_is_applied(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_tests.decided").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let reader = backend.read(&task(0)).await?;
    let searcher = reader.searcher().context("a backend that searches")?;
    let mut before = Vec::new();
    for (number, changes) in (1..).zip([
        puts(MAP, &model("new")),
        puts(MAP, &model("changed")),
        deletes(MAP, [key("key")]),
    ]) {
        let commit = owner.next(changes);
        owner.claim.writer.commit(&commit).await?;
        let limit = PageLimit::default();
        let page = searcher.search(MAP.store, &Query::all(), None, limit).await?;
        ensure!(page.sequence == number - 1, "commit {number} is not applied: {page:?}");
        ensure!(page.entries == before, "before commit {number}: {page:?}");
        owner.claim.writer.apply().await?;
        owner.checkpoint = commit.checkpoint().clone();
        let page = searcher.search(MAP.store, &Query::all(), None, limit).await?;
        ensure!(page.sequence == number, "commit {number} is applied: {page:?}");
        let values: Vec<_> = page.entries.iter().map(|(_, value)| value.clone()).collect();
        let expected = match number {
            1 => vec![key("new")],
            2 => vec![key("changed")],
            _ => Vec::new(),
        };
        ensure!(values == expected, "after commit {number}: {page:?}");
        before = page.entries;
    }
    Ok(())
}

/// Each search gives what a filter over all entries gives, and all of a commit that was acknowledged before it.
pub(crate) async fn many_entries_are_searched_while_a_writer_commits(
    server: Arc<Server>,
) -> Result<()> {
    let count = entries()?;
    let backend = backend(&server, "elastic_search").await?;
    let database = Database::with(backend, EngineConfig::default())?;
    let task = database.task("app", 0).store(&READINGS).open().await?;
    let store = task.store(&READINGS)?;
    for first in (0..count).step_by(usize::try_from(BATCH)?) {
        for n in first..count.min(first + BATCH) {
            store.put(&n, &reading(n, 0)).await?;
        }
        task.commit(Offsets::default()).await?;
    }
    let reader = database.read("app", 0).await?.store(&READINGS).await?;
    let place = "place-007";
    let here: Vec<_> = (0..count).filter(|n| reading(*n, 0).place == place).collect();
    let found: Vec<_> =
        reader.search(&Query::new(Condition::term("place", place))).await?.try_collect().await?;
    ensure!(
        found == here.iter().map(|n| (*n, reading(*n, 0))).collect::<Vec<_>>(),
        "{}",
        found.len()
    );
    let mut all = reader.search(&Query::all().descending("place")).await?;
    let (mut seen, mut before) = (0, None::<String>);
    while let Some((_, reading)) = all.try_next().await? {
        ensure!(before.is_none_or(|before| before >= reading.place), "out of order");
        (seen, before) = (seen + 1, Some(reading.place));
    }
    ensure!(seen == count, "{seen} of {count} were found");

    let moved: Vec<_> = (0..count).step_by(usize::try_from(MOVED)?).collect();
    let write = async {
        for round in 1..=5 {
            for n in &moved {
                store.put(n, &reading(*n, round)).await?;
            }
            task.commit(Offsets::default()).await?;
        }
        Ok(())
    };
    let search = async {
        let mut last = 0;
        while last < 5 {
            // All of a round is written by one commit, so a search within one page sees one round, or two in turn.
            let query = Query::new(Condition::range("round", 1..)).descending("round").limit(1);
            let found = reader.search(&query).await?;
            let committed = found.sequence();
            let rounds: Vec<_> = found.map_ok(|(_, reading)| reading.round).try_collect().await?;
            let round = rounds.first().copied().unwrap_or_default();
            let first = count.div_ceil(BATCH);
            let acknowledged = i64::try_from(committed.saturating_sub(first))?;
            ensure!(round >= acknowledged.max(last), "{round} at commit {committed} after {last}");
            last = round;
        }
        anyhow::Ok(())
    };
    try_join!(write, search)?;
    let query = Query::new(Condition::term("round", 5));
    let found: Vec<_> = reader.search(&query).await?.map_ok(|(n, _)| n).try_collect().await?;
    ensure!(found == moved, "{} of {} were moved", found.len(), moved.len());
    Ok(())
}
