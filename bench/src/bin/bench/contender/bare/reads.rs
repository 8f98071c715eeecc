//! Reads of entries.

use anyhow::Result;

use super::{Bare, ENTRIES, Hand};
use crate::{
    data::{key, read},
    work::{Outcome, Work},
};

pub(super) fn tag_of(value: Option<&[u8]>) -> u64 {
    value.map_or(0, |value| read(value).0)
}

impl<B: Bare> Hand<B> {
    pub(super) async fn get(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let key = key(work.pick(i)).to_be_bytes();
            tally.saw(self.bare.get(ENTRIES, &key, tag_of).await?);
        }
        Ok(tally.end())
    }

    pub(super) async fn get_missing(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let key = work.missing(i).to_be_bytes();
            tally.saw(self.bare.get(ENTRIES, &key, tag_of).await?);
        }
        Ok(tally.end())
    }

    pub(super) async fn range(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let (from, to, _) = work.data.range(work.pick(i));
            let (from, to) = (from.to_be_bytes(), to.to_be_bytes());
            let see = |_: &[u8], value: &[u8]| tally.saw(read(value).0);
            self.bare.scan(ENTRIES, (&from, &to), usize::MAX, see).await?;
        }
        Ok(tally.end())
    }

    pub(super) async fn scan(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while tally.next().is_some() {
            let see = |_: &[u8], value: &[u8]| tally.saw(read(value).0);
            self.bare.scan(ENTRIES, (&[0; 16], &[0xff; 16]), usize::MAX, see).await?;
        }
        Ok(tally.end())
    }
}
