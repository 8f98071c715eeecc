//! Writes of the key-value store.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use futures::future::try_join_all;
use store::{Task, prelude::*};
use tokio::{
    runtime::Handle,
    task::{JoinHandle, spawn_blocking},
};

use super::{
    Typed,
    load::{next, number_of},
};
use crate::{
    choice::among,
    data::key,
    work::{Outcome, SharedTally, Work},
};

const HANDLERS: usize = 64;

/// Lets a commit have its turn now and then; where nothing is awaited for long it would get none.
async fn let_others(i: u64) {
    if i.is_multiple_of(64) {
        tokio::task::yield_now().await;
    }
}

/// Commits on a thread of their own, as a task has it that is spawned on a runtime of several threads; until this is dropped.
struct Committing {
    going_on: Arc<()>,
    commits: JoinHandle<store::Result<()>>,
}

impl Committing {
    fn begin(task: Task, interval: Duration) -> Self {
        let going_on = Arc::new(());
        let goes_on = Arc::downgrade(&going_on);
        let commits = async move {
            while goes_on.strong_count() > 0 {
                let begun = Instant::now();
                task.commit(()).await?;
                async_io::Timer::after(interval.saturating_sub(begun.elapsed())).await;
            }
            Ok(())
        };
        let commits = spawn_blocking(|| Handle::current().block_on(commits));
        Self { going_on, commits }
    }

    /// Waits for the last one.
    async fn end(self) -> Result<()> {
        drop(self.going_on);
        Ok(self.commits.await??)
    }
}

impl Typed {
    pub(super) async fn put(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(work.batch) {
            for i in batch {
                let n = work.pick(i);
                self.entries.put(&key(n), &work.data.value(n, work.stamp(i))).await?;
            }
            self.task.commit(()).await?;
        }
        let mut outcome = tally.end();
        for i in work.last(outcome.operations) {
            let value = self.entries.get(&key(work.pick(i))).await?;
            outcome.stored = outcome.stored.wrapping_add(number_of(value.as_ref()));
        }
        Ok(outcome)
    }

    /// One read-modify-write; gives the number that was there.
    async fn update_one(&self, work: &Work, i: u64) -> Result<u64> {
        let n = work.pick(i);
        let mut old = 0;
        let update = |value: Option<bytes::Bytes>| {
            old = number_of(value.as_ref());
            Some(next(&work.data, n, value.as_ref()))
        };
        self.entries.update(&key(n), update).await?;
        Ok(old)
    }

    pub(super) async fn update(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(work.batch) {
            for i in batch {
                tally.saw(self.update_one(work, i).await?);
            }
            self.task.commit(()).await?;
        }
        Ok(tally.end())
    }

    /// Handlers take the next operation each; who has the last one of a batch commits it while the others go on.
    pub(super) async fn update_concurrent(&self, work: &Work, units: bool) -> Result<Outcome> {
        let from = match units {
            true => self.task.checkpoint()?.offsets.get("records").copied().unwrap_or(0),
            false => 0,
        };
        let tally = SharedTally::new(work.begin());
        let handler = async || -> Result<()> {
            while let Some(i) = tally.next() {
                let unit = match units {
                    true => self.task.begin("records", from + i.cast_signed()).await?,
                    false => None,
                };
                tally.saw(self.update_one(work, i).await?);
                if let Some(unit) = unit {
                    unit.finish()?;
                }
                if i % work.batch == work.batch - 1 {
                    self.task.commit(()).await?;
                }
            }
            Ok(())
        };
        try_join_all((0..HANDLERS).map(|_| handler())).await?;
        self.task.commit(()).await?;
        Ok(tally.end())
    }

    /// Reads all keys of a row before the clock runs: commits are compared with their absence, not a cold cache with
    /// a warm one. Twice, since a cache does not keep what was read once only above what it has.
    async fn warm_all(&self, work: &Work) -> Result<()> {
        let keys = 0..among(work.row, &work.data);
        self.warm(keys.clone().chain(keys)).await
    }

    /// With commits beside them, one begins as soon as the one before is done and the interval is over.
    pub(super) async fn update_buffered(&self, work: &Work, commits: bool) -> Result<Outcome> {
        self.warm_all(work).await?;
        let mut tally = work.begin();
        let committing =
            commits.then(|| Committing::begin(self.task.clone(), work.commit_interval));
        while let Some(i) = tally.next() {
            tally.saw(self.update_one(work, i).await?);
            let_others(i).await;
        }
        let outcome = tally.end();
        if let Some(committing) = committing {
            committing.end().await?;
        }
        self.task.commit(()).await?;
        Ok(outcome)
    }
}
