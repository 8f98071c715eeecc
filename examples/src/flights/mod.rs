//! Windows, sessions and versions of one stream of flights, kept exactly once by one task, whatever kills the program.

mod delayed;
mod report;
mod row;
mod source;
mod stores;
#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, Result};
use store::prelude::*;

pub use self::{delayed::most_delayed, report::Report};
use self::{source::Source, stores::Stores};

/// Flights in progress: one task, its stores, and what was read last of each file.
#[derive(Debug)]
pub struct Flights {
    task: Task,
    stores: Stores,
    commit_every: u64,
}

impl Flights {
    /// Claims the task and goes on from its last commit; commits every so many rows, at least 1.
    pub async fn open(database: &Database, commit_every: u64) -> Result<Self> {
        let task = Stores::name(database.task("flights", 0)).open().await?;
        let stores = Stores::of(&task)?;
        Ok(Self { task, stores, commit_every: commit_every.max(1) })
    }

    /// Processes what is new in a file; calls `progress` with the position and length in bytes. Gives the new rows.
    pub async fn process(&self, path: &Path, progress: impl Fn(u64, u64) + Sync) -> Result<u64> {
        let mut source = Source::open(path)?;
        if let Some(position) = self.task.checkpoint()?.offsets.get(source.name()) {
            let position = u64::try_from(*position).context("a stored position is negative")?;
            source.resume(position, &self.stores.last_row(source.name()).await?)?;
        }
        let (mut rows, mut committed) = (0, 0);
        while let Some(flight) = source.next()? {
            self.stores.apply(&flight).await.map_err(|error| source.in_row(error))?;
            rows += 1;
            if rows % self.commit_every == 0 || self.task.wants_commit() {
                self.commit(&source).await?;
                committed = rows;
                progress(source.position(), source.length());
            }
        }
        if committed < rows {
            self.commit(&source).await?;
        }
        Ok(rows)
    }

    /// How many updates the stores have refused since the task was opened, their time being years behind the newest.
    #[must_use]
    pub fn late_updates(&self) -> u64 {
        self.stores.late_updates()
    }

    async fn commit(&self, source: &Source) -> Result<()> {
        self.stores.set_last_row(source.name(), &source.last_row()?).await?;
        let offset = (source.name().to_owned(), source.position().cast_signed());
        Ok(self.task.commit([offset]).await?)
    }
}
