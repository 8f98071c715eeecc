//! Windows, sessions and versions by hand, in the layouts of the typed stores.
//!
//! But for sessions the keys of a batch are distinct, so nothing has to be read from the batch itself.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};

use super::{
    Bare, Hand, LATEST, SEGMENT_MS,
    hand::{end_of, version},
    place, sessions, superseded, windows,
};
use crate::{
    data::{AS_OF, FETCHED, VERSIONS, WINDOW_STEP_MS, WINDOWS, key, read},
    work::{Outcome, Work},
};

impl<B: Bare> Hand<B> {
    pub(super) async fn window_fetch(&mut self, work: &Work) -> Result<Outcome> {
        let [from, to] =
            [FETCHED.start(), FETCHED.end()].map(|at| at.cast_signed() * WINDOW_STEP_MS);
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let key = key(work.pick(i));
            let (first, last) = (place(key, [from]), place(key, [to]));
            for segment in from / SEGMENT_MS..=to / SEGMENT_MS {
                let see = |_: &[u8], value: &[u8]| tally.saw(read(value).0);
                let map = windows(segment * SEGMENT_MS);
                self.bare.scan(map, (&first, &last), usize::MAX, see).await?;
            }
        }
        Ok(tally.end())
    }

    pub(super) async fn window_put(&mut self, work: &Work) -> Result<Outcome> {
        let place = |i| {
            let (n, window) = work.window(i);
            let start = window.cast_signed() * WINDOW_STEP_MS;
            (windows(start), place(key(n), [start]), n * WINDOWS + window)
        };
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(self.batch(work)) {
            let write = |i| {
                let (map, key, n) = place(i);
                (map, key, Some(work.data.value(n, work.stamp(i))))
            };
            self.bare.commit(batch.map(write).collect()).await?;
        }
        let mut outcome = tally.end();
        for i in work.last(outcome.operations) {
            let (map, key, _) = place(i);
            outcome.stored = outcome.stored.wrapping_add(self.number(map, &key, 0).await?);
        }
        Ok(outcome)
    }

    /// What a batch has written of a session is read from the batch.
    pub(super) async fn session_merge(&mut self, work: &Work) -> Result<Outcome> {
        let start = work.session_start();
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(self.batch(work)) {
            let mut merged = HashMap::new();
            let mut writes = HashMap::new();
            for i in batch {
                let (n, time) = work.event(i);
                let map = sessions(time);
                let mut found = merged.remove(&n);
                if found.is_none() {
                    let key = key(n);
                    let from = place(key, [time - 1, 0]);
                    let to = place(key, [i64::MAX, i64::MAX]);
                    let see =
                        |key: &[u8], value: &[u8]| found = Some((key.to_vec(), read(value).1));
                    self.bare.scan(map, (&from, &to), usize::MAX, see).await?;
                }
                let number = found.as_ref().map_or(0, |(_, number)| *number);
                tally.saw(number);
                if let Some((old, _)) = found {
                    writes.insert((map, old), None);
                }
                let session = place(key(n), [time, start]);
                writes.insert((map, session.clone()), Some(work.data.value(n, number + 1)));
                merged.insert(n, (session, number + 1));
            }
            let writes = writes.into_iter().map(|((map, key), value)| (map, key, value));
            self.bare.commit(writes.collect()).await?;
        }
        Ok(tally.end())
    }

    pub(super) async fn versioned_put(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(self.batch(work)) {
            let mut writes = Vec::new();
            for i in batch {
                let (n, time) = work.version(i);
                let key = place(key(n), []);
                let copy = |value: Option<&[u8]>| value.map(bytes::Bytes::copy_from_slice);
                if let Some(old) = self.bare.get(LATEST, &key, copy).await? {
                    writes.push((superseded(time), end_of(n, time), Some(old)));
                }
                let value = version(time, &work.data.value(n, work.stamp(i)));
                writes.push((LATEST, key, Some(value)));
            }
            self.bare.commit(writes).await?;
        }
        let mut outcome = tally.end();
        for i in work.last(outcome.operations) {
            let (n, time) = work.version(i);
            let key = place(key(n), []);
            let at = self.bare.get(LATEST, &key, |value| value.map(time_of)).await?;
            ensure!(at == Some(Some(time)), "another version");
            outcome.stored = outcome.stored.wrapping_add(self.number(LATEST, &key, 8).await?);
        }
        Ok(outcome)
    }

    /// The version that was valid then is cut in two.
    pub(super) async fn versioned_put_late(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(batch) = tally.next_batch(self.batch(work)) {
            let mut writes = Vec::new();
            for i in batch {
                let (n, time) = work.version(i);
                let latest = place(key(n), []);
                let at = self.bare.get(LATEST, &latest, |value| value.and_then(time_of)).await?;
                ensure!(at.is_some_and(|at| at > time), "the latest version is another");
                let mut found = None;
                let see = |key: &[u8], value: &[u8]| found = Some((key.to_vec(), value.to_vec()));
                self.first_after(n, time, see).await?;
                let (end, old) = found.context("no version was valid then")?;
                let value = version(time, &work.data.value(n, work.stamp(i)));
                writes.push((superseded(VERSIONS[2]), end, Some(value)));
                writes.push((superseded(time), end_of(n, time), Some(old.into())));
            }
            self.bare.commit(writes).await?;
        }
        let mut outcome = tally.end();
        for i in work.last(outcome.operations) {
            let (n, time) = work.version(i);
            let see = |_: &[u8], value: &[u8]| {
                let number = value.get(8..).map_or(0, |value| read(value).1);
                outcome.stored = outcome.stored.wrapping_add(number);
            };
            self.first_after(n, time, see).await?;
        }
        Ok(outcome)
    }

    /// The version that ends first behind a time.
    async fn first_after(
        &mut self,
        n: u64,
        time: i64,
        see: impl FnMut(&[u8], &[u8]) + Send,
    ) -> Result<()> {
        let (first, last) = (end_of(n, time + 1), end_of(n, i64::MAX));
        self.bare.scan(superseded(time), (&first, &last), 1, see).await
    }

    pub(super) async fn versioned_as_of(&mut self, work: &Work) -> Result<Outcome> {
        let mut tally = work.begin();
        while let Some(i) = tally.next() {
            let n = work.pick(i);
            let latest = place(key(n), []);
            let time = self.bare.get(LATEST, &latest, |value| value.and_then(time_of)).await?;
            ensure!(time.is_some_and(|time| time > AS_OF), "the latest version is another");
            let see = |_: &[u8], value: &[u8]| {
                let (tag, number) = value.get(8..).map_or((0, 0), read);
                tally.saw(tag.wrapping_add(number));
            };
            self.first_after(n, AS_OF, see).await?;
        }
        Ok(tally.end())
    }
}

fn time_of(version: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(version.get(..8)?.try_into().ok()?))
}
