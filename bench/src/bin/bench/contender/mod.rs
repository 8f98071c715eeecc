//! Who is measured.

pub(crate) mod bare;
pub(crate) mod typed;

use anyhow::Result;
use async_trait::async_trait;
use clap::ValueEnum;
use serde::Serialize;

use crate::{
    data::Data,
    row::Row,
    work::{Outcome, Work},
};

/// What part a contender plays at its target: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// The engine or client underneath, used directly and well: commits of many writes, no cache.
    Bare,
    /// The adapter underneath without engine and typed stores, used as well.
    Waist,
    /// The adapter underneath, one call for each operation, one commit for each write.
    Naive,
    /// The typed stores.
    Ours,
    /// The typed stores without a cache, at servers: reads of entries only.
    Uncached,
}

/// Holds its own copy of the data and does the operations of rows its own way.
#[async_trait]
pub(crate) trait Contender: Send {
    /// Whether it can do this row.
    fn does(&self, row: Row) -> bool;

    /// Stores the entries, and where rows need them windows, sessions and versions, committed.
    async fn load(&mut self, data: &Data, timed: bool) -> Result<()>;

    /// Does operations of a row until the time is over, and tells what it read.
    async fn run(&mut self, work: &Work) -> Result<Outcome>;
}
