//! The versions of a key over a stretch of time, one after the other.

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use super::{
    chain::{Chain, Row, Superseded},
    layout::rows,
};
use crate::{Result, backend::Order};

/// A version that is no tombstone: the time it is valid from, the time it is valid to, its value.
pub(super) type Found = (i64, Option<i64>, Bytes);

/// How far a history is told.
pub(super) struct History {
    chain: Chain,
    order: Order,
    rows: BoxStream<'static, Result<(Bytes, Bytes)>>,
    /// Forward, the end of the version before; backward, the beginning of the version behind.
    told: i64,
    /// The last time asked for.
    to: i64,
    /// When the latest version began, by the time this was opened: what is superseded since is left to it.
    latest_from: i64,
}

impl History {
    /// The versions valid at some time from `from` to `to`; the latest one where it begins by `to`.
    pub(super) async fn open(
        chain: Chain,
        from: i64,
        to: i64,
        order: Order,
    ) -> Result<BoxStream<'static, Result<Found>>> {
        let latest = chain.latest().await?;
        // After it, so that the segment is known of one that is superseded in between.
        let timeline = chain.maps.timeline().await?;
        let begun = latest.as_ref().map(|(time, _)| *time);
        let latest_from = begun.unwrap_or(i64::MAX);
        let latest = latest.filter(|(time, _)| *time <= to);
        let latest = stream::iter(latest.map(|(time, value)| Ok((time, None, value))));
        let from = from.max(chain.retention.live_from(timeline.stream_time));
        let Some(first_end) = from.checked_add(1).filter(|_| from <= to) else {
            return Ok(latest.boxed());
        };
        // What begins behind `to` is not worth reading.
        let last_end = match chain.first_after(&timeline, to, begun).await? {
            Some(Row::Superseded(last)) => last.valid_to,
            _ => to,
        };
        let segment = |time| chain.retention.segment(time);
        let segments = timeline.between(segment(first_end), segment(last_end), order);
        let range = rows(&chain.key, first_end, last_end)?;
        // What was told is compared with rows that were read later, never earlier.
        let rows = chain.maps.scan_segments_in_turn(segments, range, order);
        let told = match order {
            Order::Forward => from,
            Order::Backward => latest_from,
        };
        let history = Self { chain, order, rows, told, to, latest_from };
        let superseded = stream::try_unfold(history, Self::next).map_ok(stream::iter).try_flatten();
        Ok(match order {
            Order::Forward => superseded.chain(latest).boxed(),
            Order::Backward => latest.chain(superseded).boxed(),
        })
    }

    async fn next(mut self) -> Result<Option<(Vec<Result<Found>>, Self)>> {
        let Some((place, value)) = self.rows.try_next().await? else { return Ok(None) };
        let told = match Row::decode(&place, value)? {
            Row::Tombstone(_) => Vec::new(),
            Row::Superseded(row) => match self.order {
                Order::Forward => self.forward(row).await?,
                Order::Backward => self.backward(row),
            },
        };
        let to = self.to;
        let within = told.into_iter().filter(|row| row.version.time <= to);
        let found = within.filter_map(|Superseded { version, valid_to }| {
            version.value.map(|value| Ok((version.time, Some(valid_to), value)))
        });
        Ok(Some((found.collect(), self)))
    }

    /// A row, and before it those that were split off since the rows before it were read.
    async fn forward(&mut self, row: Superseded) -> Result<Vec<Superseded>> {
        if row.version.time >= self.latest_from {
            return Ok(Vec::new());
        }
        let end = row.valid_to;
        let mut told = vec![row];
        while let Some(row) = told.last().filter(|row| row.version.time > self.told) {
            match self.chain.before(&row.version).await? {
                Some(before) => told.push(before),
                None => break,
            }
        }
        self.told = end;
        told.reverse();
        Ok(told)
    }

    /// A row, unless it was told as a part of one that was split since.
    fn backward(&mut self, row: Superseded) -> Vec<Superseded> {
        if row.valid_to > self.told {
            return Vec::new();
        }
        self.told = row.version.time;
        vec![row]
    }
}
