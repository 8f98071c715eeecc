//! Windows, sessions and versions.

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use store::prelude::*;

use super::{
    Typed,
    load::{next, number_of},
};
use crate::{
    data::{AS_OF, FETCHED, VERSIONS, WINDOW_STEP_MS, WINDOWS, key, read},
    work::{Outcome, Work},
};

impl Typed {
    pub(super) async fn window_fetch(&self, work: &Work) -> Result<Outcome> {
        let [from, to] =
            [FETCHED.start(), FETCHED.end()].map(|at| at.cast_signed() * WINDOW_STEP_MS);
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let mut found = self.windows.fetch(&key(work.pick(i)), from, to, Order::Forward);
            while let Some((_, value)) = found.try_next().await? {
                tally.saw(read(&value).0);
            }
        }
        Ok(tally.end())
    }

    pub(super) async fn window_put(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(work.batch) {
            for i in batch {
                let (n, window) = work.window(i);
                let value = work.data.value(n * WINDOWS + window, work.stamp(i));
                let start = window.cast_signed() * WINDOW_STEP_MS;
                self.windows.put(&key(n), start, Some(&value)).await?;
            }
            self.task.commit(()).await?;
        }
        let mut outcome = tally.end();
        for i in work.last(outcome.operations) {
            let (n, window) = work.window(i);
            let start = window.cast_signed() * WINDOW_STEP_MS;
            let value = self.windows.get(&key(n), start).await?;
            outcome.stored = outcome.stored.wrapping_add(number_of(value.as_ref()));
        }
        Ok(outcome)
    }

    pub(super) async fn session_merge(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(work.batch) {
            for i in batch {
                let (n, time) = work.event(i);
                let event = SessionWindow::new(time, time);
                let merge = |found: Vec<(SessionWindow, bytes::Bytes)>| {
                    let old = found.first().map(|(_, value)| value);
                    tally.saw(number_of(old));
                    next(&work.data, n, old)
                };
                self.sessions.merge(&key(n), event, 1, merge).await?;
            }
            self.task.commit(()).await?;
        }
        Ok(tally.end())
    }

    pub(super) async fn versioned_put(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(work.batch) {
            for i in batch {
                let (n, time) = work.version(i);
                let value = work.data.value(n, work.stamp(i));
                let put = self.versions.put(&key(n), Some(&value), time).await?;
                ensure!(put == VersionedPut::Latest, "a version came to stand elsewhere");
            }
            self.task.commit(()).await?;
        }
        let mut outcome = tally.end();
        for i in work.last(outcome.operations) {
            let (n, time) = work.version(i);
            let found = self.versions.get(&key(n)).await?;
            ensure!(found.as_ref().is_some_and(|found| found.time == time), "another version");
            let number = number_of(found.as_ref().map(|found| &found.value));
            outcome.stored = outcome.stored.wrapping_add(number);
        }
        Ok(outcome)
    }

    pub(super) async fn versioned_put_late(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(work.batch) {
            for i in batch {
                let (n, time) = work.version(i);
                let value = work.data.value(n, work.stamp(i));
                let put = self.versions.put(&key(n), Some(&value), time).await?;
                ensure!(put == VersionedPut::ValidTo(VERSIONS[2]), "a version came elsewhere");
            }
            self.task.commit(()).await?;
        }
        let mut outcome = tally.end();
        for i in work.last(outcome.operations) {
            let (n, time) = work.version(i);
            let found = self.versions.get_as_of(&key(n), time).await?;
            let number = number_of(found.as_ref().map(|found| &found.value));
            outcome.stored = outcome.stored.wrapping_add(number);
        }
        Ok(outcome)
    }

    pub(super) async fn versioned_as_of(&self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let found = self.versions.get_as_of(&key(work.pick(i)), AS_OF).await?;
            let (tag, number) = found.map_or((0, 0), |found| read(&found.value));
            tally.saw(tag.wrapping_add(number));
        }
        Ok(tally.end())
    }
}
