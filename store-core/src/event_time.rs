//! Event time: which entries are live, and how time is cut into segments.

use std::collections::BTreeSet;

use crate::{
    Error, ErrorKind, Result,
    backend::{Name, Order, StoreState},
    sabotage,
};

/// How many segments a store may keep live: the checkpoint lists them.
pub const MAX_LIVE_SEGMENTS: i64 = 1000;

/// Which entries are live, and how time is cut into segments.
///
/// An entry of time `t` is live while `t >= T - keeps`, where `T` is the highest event time the store has seen. Segment
/// `n` holds the times from `n * length` on; all below the segment of `T - keeps` are dropped. The wall clock plays no
/// part. Arithmetic saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    keeps_ms: i64,
    segment_ms: i64,
}

impl Retention {
    /// Entries live up to and including `keeps_ms` milliseconds behind stream time, in segments of `segment_ms`.
    ///
    /// A negative first number counts as 0, a second one below 1 as 1.
    #[must_use]
    pub const fn new(keeps_ms: i64, segment_ms: i64) -> Self {
        let keeps_ms = if keeps_ms < 0 { 0 } else { keeps_ms };
        Self { keeps_ms, segment_ms: if segment_ms < 1 { 1 } else { segment_ms } }
    }

    /// Entries live while they are less than `retention_ms` milliseconds behind stream time, as those of windows and sessions:
    /// `t > T - retention`.
    #[must_use]
    pub const fn exclusive(retention_ms: i64, segment_ms: i64) -> Self {
        Self::new(retention_ms.saturating_sub(1), segment_ms)
    }

    /// `InvalidArgument` where more than [`MAX_LIVE_SEGMENTS`] could be live at once.
    pub fn check(self, store: &Name) -> Result<()> {
        let Self { keeps_ms, segment_ms } = self;
        // Those that lie whole in the retention, and one cut at each end.
        let most = (keeps_ms / segment_ms).saturating_add(2);
        if most <= MAX_LIVE_SEGMENTS {
            return Ok(());
        }
        let message = format!(
            "store {store} would keep up to {most} segments of {segment_ms} ms, at most {MAX_LIVE_SEGMENTS} are \
             allowed: make them longer"
        );
        Err(Error::new(ErrorKind::InvalidArgument, message))
    }

    /// The segment of a time.
    #[must_use]
    pub const fn segment(self, time: i64) -> i64 {
        time.div_euclid(self.segment_ms)
    }

    /// Whether a time is live at this stream time.
    #[must_use]
    pub const fn is_live(self, time: i64, stream_time: Option<i64>) -> bool {
        time >= self.live_from(stream_time)
    }

    /// The lowest time that is live at this stream time.
    #[must_use]
    pub const fn live_from(self, stream_time: Option<i64>) -> i64 {
        match stream_time {
            Some(time) => time.saturating_sub(self.keeps_ms),
            None => i64::MIN,
        }
    }
}

/// What became of writes that belong to an event in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two sides of a boundary")]
pub enum Written {
    /// They are buffered for the next commit.
    Stored,
    /// The event was not live any more: nothing was written, and the late record was counted.
    Late,
}

/// What a store knows of time at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeline {
    /// The highest event time seen, in milliseconds; none before the first.
    pub stream_time: Option<i64>,
    /// The segments that may hold entries.
    pub segments: BTreeSet<i64>,
}

/// The live part of a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live {
    /// Where it begins, inclusive; behind its end where nothing of it is live.
    pub from: i64,
    /// The segments that may hold entries of it, in the order of a scan.
    pub segments: Vec<i64>,
}

impl Timeline {
    /// What is live of the times from `from` to `to`, both inclusive.
    #[must_use]
    pub fn live(&self, retention: Retention, from: i64, to: i64, order: Order) -> Live {
        self.by_ref().live(retention, from, to, order)
    }

    /// The segments from `first` to `last`, both inclusive, that may hold entries, in the order of a scan.
    #[must_use]
    pub fn between(&self, first: i64, last: i64, order: Order) -> Vec<i64> {
        self.by_ref().between(first, last, order)
    }

    pub(crate) const fn by_ref(&self) -> TimelineRef<'_> {
        TimelineRef { stream_time: self.stream_time, segments: &self.segments }
    }
}

/// A [`Timeline`] where it stands: a thousand segments are not copied for the few that are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimelineRef<'a> {
    stream_time: Option<i64>,
    segments: &'a BTreeSet<i64>,
}

impl TimelineRef<'_> {
    pub(crate) fn live(self, retention: Retention, from: i64, to: i64, order: Order) -> Live {
        let expired = sabotage::is_on("engine::expired-shown");
        let from = if expired { from } else { from.max(retention.live_from(self.stream_time)) };
        if from > to {
            return Live { from, segments: Vec::new() };
        }
        let segments = self.between(retention.segment(from), retention.segment(to), order);
        Live { from, segments }
    }

    /// As [`live`](Self::live), for kinds whose every entry lies at the time of its event or before: nothing is behind
    /// stream time.
    pub(crate) fn seen(self, retention: Retention, from: i64, to: i64, order: Order) -> Live {
        match self.stream_time {
            Some(time) => self.live(retention, from, to.min(time), order),
            None => Live { from, segments: Vec::new() },
        }
    }

    fn between(self, first: i64, last: i64, order: Order) -> Vec<i64> {
        if first > last {
            return Vec::new();
        }
        let segments = self.segments.range(first..=last).copied();
        match order {
            Order::Forward => segments.collect(),
            Order::Backward => segments.rev().collect(),
        }
    }
}

impl<'a> From<&'a StoreState> for TimelineRef<'a> {
    fn from(state: &'a StoreState) -> Self {
        Self { stream_time: state.stream_time, segments: &state.segments }
    }
}

impl From<&StoreState> for Timeline {
    fn from(state: &StoreState) -> Self {
        Self { stream_time: state.stream_time, segments: state.segments.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::Retention;

    #[test]
    fn segments_have_one_length_on_both_sides_of_zero() {
        let retention = Retention::new(100, 10);
        let segments = [i64::MIN, -11, -10, -1, 0, 9, 10, i64::MAX].map(|t| retention.segment(t));
        assert_eq!(segments[1..7], [-2, -1, -1, 0, 0, 1]);
        assert_eq!((segments[0], segments[7]), (i64::MIN / 10 - 1, i64::MAX / 10));
    }

    #[test]
    fn live_from_saturates() {
        let retention = Retention::new(100, 10);
        assert_eq!(retention.live_from(None), i64::MIN);
        assert_eq!(retention.live_from(Some(7)), -93);
        assert_eq!(retention.live_from(Some(i64::MIN + 1)), i64::MIN);
        assert_eq!(Retention::new(i64::MAX, 1).live_from(Some(-2)), i64::MIN);
        assert_eq!(Retention::new(-1, 0), Retention::new(0, 1));
    }

    #[test]
    fn no_more_segments_than_a_checkpoint_can_list() {
        let store = "s".parse().unwrap();
        assert!(Retention::new(99_800, 100).check(&store).is_ok());
        let error = Retention::new(99_900, 100).check(&store).unwrap_err();
        assert!(error.to_string().contains("up to 1001 segments"), "{error}");
        assert!(Retention::new(i64::MAX, 1).check(&store).is_err());
        assert!(Retention::new(i64::MAX, i64::MAX).check(&store).is_ok());
    }
}
