//! Reads that all go to the backend.

use anyhow::Result;
use async_trait::async_trait;

use super::Typed;
use crate::{
    contender::Contender,
    data::Data,
    row::Row,
    work::{Outcome, Work},
};

/// The typed stores of a database without a cache. Has entries only.
pub(crate) struct Uncached(Typed);

impl Uncached {
    pub(crate) const fn new(typed: Typed) -> Self {
        Self(typed)
    }
}

#[async_trait]
impl Contender for Uncached {
    fn does(&self, row: Row) -> bool {
        matches!(row, Row::GetUniform | Row::GetMissing | Row::GetConcurrent)
    }

    async fn load(&mut self, data: &Data, _timed: bool) -> Result<()> {
        self.0.load_entries(data).await
    }

    async fn run(&mut self, work: &Work) -> Result<Outcome> {
        self.0.run(work).await
    }
}
