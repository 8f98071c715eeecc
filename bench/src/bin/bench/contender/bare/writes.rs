//! Writes of entries.

use std::collections::HashMap;

use anyhow::Result;
use bytes::Bytes;

use super::{Bare, ENTRIES, Hand, place};
use crate::{
    data::{key, read},
    work::{Outcome, Work},
};

impl<B: Bare> Hand<B> {
    pub(super) async fn put(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(self.batch(work)) {
            let write = |i| {
                let n = work.pick(i);
                (ENTRIES, place(key(n), []), Some(work.data.value(n, work.stamp(i))))
            };
            self.bare.commit(batch.map(write).collect()).await?;
        }
        let mut outcome = tally.end();
        for i in work.last(outcome.operations) {
            let number = self.number(ENTRIES, &place(key(work.pick(i)), []), 0).await?;
            outcome.stored = outcome.stored.wrapping_add(number);
        }
        Ok(outcome)
    }

    /// Read-modify-write; what a batch has written is read from the batch.
    pub(super) async fn update(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(self.batch(work)) {
            let mut pending = HashMap::<Vec<u8>, Bytes>::new();
            for i in batch {
                let n = work.pick(i);
                let key = place(key(n), []);
                let old = match pending.get(&key) {
                    Some(value) => read(value).1,
                    None => self.number(ENTRIES, &key, 0).await?,
                };
                tally.saw(old);
                pending.insert(key, work.data.value(n, old + 1));
            }
            let writes = pending.into_iter().map(|(key, value)| (ENTRIES, key, Some(value)));
            self.bare.commit(writes.collect()).await?;
        }
        Ok(tally.end())
    }
}
