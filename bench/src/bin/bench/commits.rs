//! How long the parts of commits take, as the engine counts it.

use std::{
    ops::AddAssign,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use serde::Serialize;

/// What the engine calls it.
const SECONDS: &str = "store_commit_seconds";

/// Sums of what the engine tells, until they are taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commits(Arc<Sums>);

#[derive(Debug, Default)]
struct Sums {
    freeze: Arc<Sum>,
    decide: Arc<Sum>,
    apply: Arc<Sum>,
}

#[derive(Debug, Default)]
struct Sum {
    count: AtomicU64,
    nanoseconds: AtomicU64,
}

/// How many commits there were, and how long each part took of all of them.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Parts {
    /// Taking the writes away from those who go on.
    pub(crate) freeze: Part,
    /// Until it is known that the commit holds.
    pub(crate) decide: Part,
    /// Until what was decided is in the data, where that is another step.
    pub(crate) apply: Part,
}

/// One part of commits.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Part {
    pub(crate) count: u64,
    pub(crate) seconds: f64,
}

impl Commits {
    /// Records from now on.
    pub(crate) fn record() -> Result<Self> {
        let commits = Self::default();
        metrics::set_global_recorder(commits.clone()).context("record how long commits take")?;
        Ok(commits)
    }

    /// What was told since this was asked last.
    pub(crate) fn take(&self) -> Parts {
        let Sums { freeze, decide, apply } = &*self.0;
        Parts { freeze: freeze.take(), decide: decide.take(), apply: apply.take() }
    }
}

/// Nothing but commits is counted, so that counting costs nothing where there are none.
impl Recorder for Commits {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let part = key.labels().find(|label| label.key() == "part").map(|label| label.value());
        let sum = match (key.name(), part) {
            (SECONDS, Some("freeze")) => &self.0.freeze,
            (SECONDS, Some("decide")) => &self.0.decide,
            (SECONDS, Some("apply")) => &self.0.apply,
            _ => return Histogram::noop(),
        };
        Histogram::from_arc(sum.clone())
    }
}

impl Sum {
    fn take(&self) -> Part {
        let nanoseconds = self.nanoseconds.swap(0, Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "times of a run are short")]
        let seconds = nanoseconds as f64 / 1e9;
        Part { count: self.count.swap(0, Ordering::Relaxed), seconds }
    }
}

impl HistogramFn for Sum {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are not negative, and those of a run are short"
    )]
    fn record(&self, seconds: f64) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add((seconds * 1e9) as u64, Ordering::Relaxed);
    }
}

impl Parts {
    /// Commits that were decided.
    pub(crate) const fn commits(&self) -> u64 {
        self.decide.count
    }
}

impl Part {
    /// Milliseconds of one commit; 0 where there was none.
    #[expect(clippy::cast_precision_loss, reason = "commits of a run are few")]
    pub(crate) fn milliseconds(&self) -> f64 {
        self.seconds * 1e3 / self.count.max(1) as f64
    }
}

impl AddAssign for Part {
    fn add_assign(&mut self, more: Self) {
        self.count += more.count;
        self.seconds += more.seconds;
    }
}

impl AddAssign for Parts {
    fn add_assign(&mut self, more: Self) {
        self.freeze += more.freeze;
        self.decide += more.decide;
        self.apply += more.apply;
    }
}
