//! A program that does by hand what the typed stores do.

use anyhow::Result;
use async_trait::async_trait;
use bytes::Bytes;
use store::backend::MapId;

use super::{Bare, ENTRIES, LATEST, Write, place, sessions, superseded, windows};
use crate::{
    contender::Contender,
    data::{Data, VERSIONS, WINDOW_STEP_MS, WINDOWS, key},
    row::Row,
    work::{Outcome, Work},
};

/// Writes of one commit while loading.
const LOAD: usize = 10_000;

/// A backend used by hand: commits of many writes, or of one.
pub(crate) struct Hand<B> {
    pub(super) bare: B,
    /// Whether every write is committed by itself.
    pub(super) naive: bool,
}

impl<B: Bare> Hand<B> {
    pub(crate) const fn new(bare: B, naive: bool) -> Self {
        Self { bare, naive }
    }

    /// Operations of one commit.
    pub(super) const fn batch(&self, work: &Work) -> u64 {
        if self.naive { 1 } else { work.batch }
    }
}

#[async_trait]
impl<B: Bare> Contender for Hand<B> {
    fn does(&self, row: Row) -> bool {
        match row {
            Row::GetConcurrent | Row::GetZipfConcurrent => self.bare.handle().is_some(),
            Row::UpdateConcurrent => self.naive && self.bare.handle().is_some(),
            // Units and commits beside the processing are what the engine is for.
            Row::UpdateUnits | Row::UpdateUncommitted | Row::UpdateCommitting => false,
            _ => true,
        }
    }

    async fn load(&mut self, data: &Data, timed: bool) -> Result<()> {
        let entry = |n: u64| (ENTRIES, place(key(n), []), Some(data.value(n, 0)));
        self.store((0..data.keys).map(entry)).await?;
        if !timed {
            return Ok(());
        }
        let window = |n: u64| {
            let start = (n % WINDOWS).cast_signed() * WINDOW_STEP_MS;
            (windows(start), place(key(n / WINDOWS), [start]), Some(data.value(n, 0)))
        };
        self.store((0..data.window_keys() * WINDOWS).map(window)).await?;
        let session = |n: u64| (sessions(0), place(key(n), [0, 0]), Some(data.value(n, 0)));
        self.store((0..data.session_keys()).map(session)).await?;
        for (at, time) in VERSIONS.into_iter().enumerate() {
            let version = |n: u64| {
                let value = version(time, &data.value(n, time.unsigned_abs()));
                match VERSIONS.get(at + 1) {
                    Some(&to) => (superseded(to), end_of(n, to), Some(value)),
                    None => (LATEST, place(key(n), []), Some(value)),
                }
            };
            self.store((0..data.versioned_keys()).map(version)).await?;
        }
        Ok(())
    }

    async fn run(&mut self, work: &Work) -> Result<Outcome> {
        match work.row {
            Row::GetUniform | Row::GetZipf | Row::GetHot => self.get(work).await,
            Row::GetMissing => self.get_missing(work).await,
            Row::GetConcurrent | Row::GetZipfConcurrent => self.get_concurrent(work).await,
            Row::Range => self.range(work).await,
            Row::Scan => self.scan(work).await,
            Row::WindowFetch => self.window_fetch(work).await,
            Row::VersionedAsOf => self.versioned_as_of(work).await,
            Row::Put => self.put(work).await,
            Row::UpdateZipf => self.update(work).await,
            Row::UpdateConcurrent => self.update_concurrent(work).await,
            Row::WindowPut => self.window_put(work).await,
            Row::SessionMerge | Row::SessionMergeHot => self.session_merge(work).await,
            Row::VersionedPut | Row::VersionedPutNew => self.versioned_put(work).await,
            Row::VersionedPutLate => self.versioned_put_late(work).await,
            Row::UpdateUnits | Row::UpdateUncommitted | Row::UpdateCommitting => {
                anyhow::bail!("{:?} is not done by hand", work.row)
            }
        }
    }
}

impl<B: Bare> Hand<B> {
    async fn store(&mut self, mut writes: impl Iterator<Item = Write> + Send) -> Result<()> {
        loop {
            let batch: Vec<_> = writes.by_ref().take(LOAD).collect();
            if batch.is_empty() {
                return Ok(());
            }
            self.bare.commit(batch).await?;
        }
    }

    /// The number in a stored value.
    pub(super) async fn number(&mut self, map: MapId, key: &[u8], skip: usize) -> Result<u64> {
        let number = move |value: Option<&[u8]>| {
            value.and_then(|value| value.get(skip..)).map_or(0, |value| crate::data::read(value).1)
        };
        self.bare.get(map, key, number).await
    }
}

/// The stored key of a version that is valid to a time.
pub(super) fn end_of(n: u64, to: i64) -> Vec<u8> {
    let mut place = place(key(n), [to]);
    place.push(0);
    place
}

/// The stored value of a version.
pub(super) fn version(time: i64, value: &[u8]) -> Bytes {
    let mut stored = Vec::with_capacity(8 + value.len());
    stored.extend(time.to_be_bytes());
    stored.extend(value);
    stored.into()
}
