//! The versions of one key: each is valid to where the next begins, without a gap.
//!
//! What is read in several calls may change in between, and a version may then stand earlier than where it is looked for:
//! one that was split ends earlier than before. So whoever finds a version that begins too late looks for the one before it,
//! which ends exactly there.

use bytes::Bytes;
use futures::TryStreamExt;

use super::layout::{At, Version, rows};
use crate::{
    Error, ErrorKind, Result,
    backend::Order,
    event_time::{Retention, Timeline},
    maps::ReadMaps,
};

/// Where the versions of one key are.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) maps: ReadMaps,
    pub(super) retention: Retention,
    /// The encoded user key.
    pub(super) key: Bytes,
}

/// A superseded version.
#[derive(Debug)]
pub(super) struct Superseded {
    pub(super) version: Version,
    pub(super) valid_to: i64,
}

/// A row of the history.
#[derive(Debug)]
pub(super) enum Row {
    Superseded(Superseded),
    /// The latest version is a tombstone of this time.
    Tombstone(i64),
}

impl Row {
    pub(super) fn decode(place: &Bytes, value: Bytes) -> Result<Self> {
        Ok(match At::decode(place)? {
            At::Tombstone(time) => Self::Tombstone(time),
            At::End(valid_to) => Self::Superseded(Superseded::decode(valid_to, value)?),
        })
    }
}

impl Superseded {
    fn decode(valid_to: i64, value: Bytes) -> Result<Self> {
        let version = Version::decode(value)?;
        if version.time < valid_to {
            return Ok(Self { version, valid_to });
        }
        let message = "a stored version ends before it begins";
        Err(Error::new(ErrorKind::Corrupt, message))
    }
}

impl Chain {
    /// The latest version, if it is no tombstone: its time and its value.
    pub(super) async fn latest(&self) -> Result<Option<(i64, Bytes)>> {
        let latest = self.maps.get(None, &self.key).await?;
        latest.map(Version::decode_latest).transpose()
    }

    /// The first row behind a time; `latest` is when the latest version begins, by a read before that of the timeline.
    ///
    /// No version ends behind the latest one, and no row lies behind stream time. So who writes in order asks nothing.
    pub(super) async fn first_after(
        &self,
        timeline: &Timeline,
        time: i64,
        latest: Option<i64>,
    ) -> Result<Option<Row>> {
        let Some(last) = timeline.stream_time else { return Ok(None) };
        let last = latest.map_or(last, |latest| last.min(latest));
        match time.checked_add(1).filter(|from| *from <= last) {
            Some(from) => self.first(timeline, from, last, Order::Forward).await,
            None => Ok(None),
        }
    }

    /// The last row up to and including a time.
    pub(super) async fn last_until(&self, timeline: &Timeline, time: i64) -> Result<Option<Row>> {
        self.first(timeline, i64::MIN, time, Order::Backward).await
    }

    async fn first(
        &self,
        timeline: &Timeline,
        from: i64,
        to: i64,
        order: Order,
    ) -> Result<Option<Row>> {
        let (first, last) = (self.retention.segment(from), self.retention.segment(to));
        let segments = timeline.between(first, last, order);
        let range = rows(&self.key, from, to)?;
        let mut found = self.maps.scan_first(segments, range, order);
        let found = found.try_next().await?;
        found.map(|(place, value)| Row::decode(&place, value)).transpose()
    }

    /// The version that ends where this one begins.
    pub(super) async fn before(&self, version: &Version) -> Result<Option<Superseded>> {
        let valid_to = version.time;
        let place = At::End(valid_to).encode(&self.key)?;
        let found = self.maps.get(Some(self.retention.segment(valid_to)), &place).await?;
        found.map(|value| Superseded::decode(valid_to, value)).transpose()
    }

    /// The superseded version that was valid at a time, a tombstone included.
    pub(super) async fn superseded_at(
        &self,
        timeline: &Timeline,
        time: i64,
        latest: Option<i64>,
    ) -> Result<Option<Superseded>> {
        let first = self.first_after(timeline, time, latest).await?;
        let Some(Row::Superseded(mut found)) = first else { return Ok(None) };
        while found.version.time > time {
            match self.before(&found.version).await? {
                Some(before) => found = before,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }
}
