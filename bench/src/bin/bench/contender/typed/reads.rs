//! Reads of the key-value store.

use anyhow::Result;
use futures::{TryStreamExt, future::try_join_all};
use store::prelude::*;

use super::{Typed, load::tag_of};
use crate::{
    data::{key, read},
    work::{Outcome, SharedTally, Work},
};

const CONCURRENT: usize = 256;

impl Typed {
    pub(super) async fn get(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let value = self.entries.get(&key(work.pick(i))).await?;
            tally.saw(tag_of(value.as_ref()));
        }
        Ok(tally.end())
    }

    pub(super) async fn get_missing(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let value = self.entries.get(&work.missing(i)).await?;
            tally.saw(tag_of(value.as_ref()));
        }
        Ok(tally.end())
    }

    /// Reads entries before the clock runs.
    pub(super) async fn warm(&self, entries: impl Iterator<Item = u64> + Send) -> Result<()> {
        let keys: Vec<_> = entries.map(key).collect();
        for some in keys.chunks(1000) {
            try_join_all(some.iter().map(|key| self.entries.get(key))).await?;
        }
        Ok(())
    }

    pub(super) async fn get_concurrent(&self, work: &Work) -> Result<Outcome> {
        let tally = SharedTally::new(work.begin());
        let handler = async || -> Result<()> {
            while let Some(i) = tally.next() {
                let value = self.entries.get(&key(work.pick(i))).await?;
                tally.saw(tag_of(value.as_ref()));
            }
            Ok(())
        };
        try_join_all((0..CONCURRENT).map(|_| handler())).await?;
        Ok(tally.end())
    }

    pub(super) async fn range(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let (from, to, _) = work.data.range(work.pick(i));
            let mut entries = self.entries.range(Some(from), Some(to), Order::Forward);
            while let Some((_, value)) = entries.try_next().await? {
                tally.saw(read(&value).0);
            }
        }
        Ok(tally.end())
    }

    pub(super) async fn scan(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while tally.next().is_some() {
            let mut entries = self.entries.all();
            while let Some((_, value)) = entries.try_next().await? {
                tally.saw(read(&value).0);
            }
        }
        Ok(tally.end())
    }
}
