//! The most delayed carriers, by a search in the state of whoever processes the flights.

use std::fmt::Write;

use anyhow::Result;
use futures::TryStreamExt;
use store::{
    prelude::*,
    search::{Condition, Query},
};

use super::stores::{CARRIERS, DEPARTED, MEAN_DELAY};

/// The most delayed carriers of those with at least so many departures, as text: carrier, departures, mean delay in minutes;
/// and the number of the commit up to which that counts all flights.
///
/// It claims nothing: whoever processes the flights goes on. `Unsupported` on a database without search.
pub async fn most_delayed(database: &Database, departed: u32, top: usize) -> Result<(u64, String)> {
    let carriers = database.read("flights", 0).await?.store(&CARRIERS).await?;
    let query = Query::new(Condition::range(DEPARTED, departed..)).descending(MEAN_DELAY);
    let mut found = carriers.search(&query.limit(top)).await?;
    let mut text = String::new();
    while let Some((code, carrier)) = found.try_next().await? {
        writeln!(text, "{code}\t{}\t{:.1}", carrier.departed, carrier.mean_delay)?;
    }
    Ok((found.sequence(), text))
}
