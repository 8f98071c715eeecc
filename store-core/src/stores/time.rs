//! Settings of stores that are cut by time.

use std::time::Duration;

use super::Definition;
use crate::{
    Error, ErrorKind, Result,
    backend::{Name, StoreSpec},
    event_time::Retention,
};

/// The length of a segment, in milliseconds, where none is given: half the retention, at least a minute.
const fn default_segment_ms(retention_ms: i64) -> i64 {
    let half = retention_ms / 2;
    if half > 60_000 { half } else { 60_000 }
}

/// On which side of a kind's retention its boundary lies: [`Retention::exclusive`] or [`Retention::new`].
type Boundary = fn(i64, i64) -> Retention;

/// A kind that is cut by time: how long entries are kept, in segments of which length, and what else it is set to.
#[derive(Clone, Copy, Debug)]
pub struct Timed<S> {
    pub(super) settings: S,
    pub(super) retention: Duration,
    segment: Option<Duration>,
}

impl<S, K, V, C, N> Definition<Timed<S>, K, V, C, N> {
    /// Cuts time into segments of this length, in whole milliseconds, instead of half the retention, at least a minute.
    ///
    /// What expires is removed segment by segment; at most [`MAX_LIVE_SEGMENTS`](crate::MAX_LIVE_SEGMENTS) may be live.
    #[must_use]
    pub const fn segments(mut self, length: Duration) -> Self {
        self.kind.segment = Some(length);
        self
    }
}

impl<S> Timed<S> {
    pub(super) const fn new(settings: S, retention: Duration) -> Self {
        Self { settings, retention, segment: None }
    }

    /// Checks the settings and records them.
    pub(super) fn record(&self, spec: &mut StoreSpec, boundary: Boundary) -> Result<()> {
        let retention_ms = milliseconds(&spec.name, "retention", self.retention)?;
        let segment_ms = match self.segment {
            None => default_segment_ms(retention_ms),
            Some(segment) => positive(&spec.name, "segment", segment)?,
        };
        boundary(retention_ms, segment_ms).check(&spec.name)?;
        (spec.retention_ms, spec.segment_ms) = (Some(retention_ms), Some(segment_ms));
        Ok(())
    }
}

/// The retention of a store as it is recorded.
pub(super) fn recorded(spec: &StoreSpec, boundary: Boundary) -> Retention {
    // Both are recorded with every store that is cut by time; without them nothing would ever expire.
    let forever = i64::MAX;
    boundary(spec.retention_ms.unwrap_or(forever), spec.segment_ms.unwrap_or(forever))
}

/// A duration that is whole milliseconds.
pub(super) fn milliseconds(store: &Name, what: &str, duration: Duration) -> Result<i64> {
    let whole = duration.subsec_nanos().is_multiple_of(1_000_000);
    i64::try_from(duration.as_millis()).ok().filter(|_| whole).ok_or_else(|| {
        invalid(store, what, "must be whole milliseconds, at most those of an i64", duration)
    })
}

/// As [`milliseconds`], and at least one.
pub(super) fn positive(store: &Name, what: &str, duration: Duration) -> Result<i64> {
    match milliseconds(store, what, duration)? {
        0 => Err(invalid(store, what, "must be at least 1 ms", duration)),
        ms => Ok(ms),
    }
}

fn invalid(store: &Name, what: &str, must: &str, duration: Duration) -> Error {
    let message = format!("the {what} of store {store} {must}, not {duration:?}");
    Error::new(ErrorKind::InvalidArgument, message)
}
