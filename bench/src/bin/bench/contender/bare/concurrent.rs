//! Handlers that run at the same time.

use anyhow::{Context, Result};
use futures::future::try_join_all;
use tokio::sync::Mutex;

use super::{Bare, ENTRIES, Hand, place, reads::tag_of};
use crate::{
    data::key,
    work::{Outcome, SharedTally, Work},
};

const READERS: usize = 256;
const HANDLERS: usize = 64;
/// Locks that keys share, so that no two handlers lose a write.
const LOCKS: usize = 1024;

impl<B: Bare> Hand<B> {
    fn handles(&self, count: usize) -> Result<Vec<Self>> {
        let handle = || Some(Self::new(self.bare.handle()?, self.naive));
        let handles = (0..count).map(|_| handle());
        handles.collect::<Option<_>>().context("the backend has one handle only")
    }

    pub(super) async fn get_concurrent(&self, work: &Work) -> Result<Outcome> {
        let handles = self.handles(READERS)?;
        let tally = SharedTally::new(work.begin());
        let reader = async |mut hand: Self| -> Result<()> {
            while let Some(i) = tally.next() {
                let key = key(work.pick(i)).to_be_bytes();
                tally.saw(hand.bare.get(ENTRIES, &key, tag_of).await?);
            }
            Ok(())
        };
        try_join_all(handles.into_iter().map(reader)).await?;
        Ok(tally.end())
    }

    /// Read-modify-write, each write committed by itself.
    pub(super) async fn update_concurrent(&self, work: &Work) -> Result<Outcome> {
        let handles = self.handles(HANDLERS)?;
        let locks: Vec<_> = (0..LOCKS).map(|_| Mutex::new(())).collect();
        let tally = SharedTally::new(work.begin());
        let handler = async |mut hand: Self| -> Result<()> {
            while let Some(i) = tally.next() {
                let n = work.pick(i);
                let _lock = locks[usize::try_from(n)? % LOCKS].lock().await;
                let key = place(key(n), []);
                let old = hand.number(ENTRIES, &key, 0).await?;
                tally.saw(old);
                let write = (ENTRIES, key, Some(work.data.value(n, old + 1)));
                hand.bare.commit(vec![write]).await?;
            }
            Ok(())
        };
        try_join_all(handles.into_iter().map(handler)).await?;
        Ok(tally.end())
    }
}
