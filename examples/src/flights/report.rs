//! What the stores know, as text: fields separated by tabs, rows sorted by key, then by time.

use std::fmt::Write;

use anyhow::Result;
use futures::TryStreamExt;
use jiff::Timestamp;
use store::prelude::*;

use super::Flights;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// Origin, window start, departed, cancelled, sum of the delays.
    Hourly,
    /// Tail number, start, end, flights, sum of the distances.
    Duty,
    /// Carrier, delay, since, until: the last delay that was known then; the last three are empty where none was.
    AsOf {
        /// Of which carrier.
        carrier: String,
        /// When.
        at: Timestamp,
    },
}

impl Flights {
    /// A report on what was processed so far.
    pub async fn report(&self, report: &Report) -> Result<String> {
        match report {
            Report::Hourly => self.hourly().await,
            Report::Duty => self.duty().await,
            Report::AsOf { carrier, at } => self.as_of(carrier, *at).await,
        }
    }

    async fn hourly(&self) -> Result<String> {
        // Sorted by segment first, which is a matter of the store.
        let mut rows: Vec<_> = self.stores.hourly.all(Order::Forward).try_collect().await?;
        rows.sort_unstable_by(|(a, _), (b, _)| (&a.key, a.start).cmp(&(&b.key, b.start)));
        let mut text = String::new();
        for (Windowed { key, start, .. }, hour) in rows {
            let (start, delay) = (rfc_3339(start)?, hour.delay);
            writeln!(text, "{key}\t{start}\t{}\t{}\t{delay}", hour.departed, hour.cancelled)?;
        }
        Ok(text)
    }

    async fn duty(&self) -> Result<String> {
        let mut rows: Vec<_> = self.stores.duty.all(Order::Forward).try_collect().await?;
        rows.sort_unstable_by(|(a, at, _), (b, then, _)| (a, at.start).cmp(&(b, then.start)));
        let mut text = String::new();
        for (key, SessionWindow { start, end }, duty) in rows {
            let (start, end) = (rfc_3339(start)?, rfc_3339(end)?);
            writeln!(text, "{key}\t{start}\t{end}\t{}\t{}", duty.flights, duty.distance)?;
        }
        Ok(text)
    }

    async fn as_of(&self, carrier: &String, at: Timestamp) -> Result<String> {
        let found = self.stores.delays.get_as_of(carrier, at.as_millisecond()).await?;
        let Some(VersionedRecord { value, time, valid_to }) = found else {
            return Ok(format!("{carrier}\t\t\t\n"));
        };
        let until = valid_to.map(rfc_3339).transpose()?.map(|until| until.to_string());
        let (since, until) = (rfc_3339(time)?, until.unwrap_or_default());
        Ok(format!("{carrier}\t{value}\t{since}\t{until}\n"))
    }
}

fn rfc_3339(ms: i64) -> Result<Timestamp> {
    Ok(Timestamp::from_millisecond(ms)?)
}
