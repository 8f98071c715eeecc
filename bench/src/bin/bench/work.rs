//! One measurement: what to do, for how long, and what came of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{data::Data, row::Row};

/// Reads before the clock runs, where a row begins with a cache in use.
const WARMING: usize = 200_000;

/// What a contender is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) row: Row,
    pub(crate) data: Arc<Data>,
    /// The same for all contenders of a round.
    pub(crate) choices: Arc<[u32]>,
    /// Operations of this row that this contender has done in earlier rounds.
    pub(crate) done: u64,
    /// For how long operations are begun.
    pub(crate) duration: Duration,
    /// Operations of one commit.
    pub(crate) batch: u64,
    /// The least time from one commit to the next where they run beside the processing.
    pub(crate) commit_interval: Duration,
}

impl Work {
    /// The choice of operation `i` of this measurement.
    pub(crate) fn pick(&self, i: u64) -> u64 {
        let length = self.choices.len() as u64;
        let at = usize::try_from(i % length).unwrap_or_default();
        self.choices[at].into()
    }

    /// Choices by the same law as those of operations, from the end, which operations seldom come to.
    pub(crate) fn warming(&self) -> impl Iterator<Item = u64> + Send + '_ {
        self.choices.iter().rev().take(WARMING).map(|&choice| choice.into())
    }

    /// Starts the clock.
    pub(crate) fn begin(&self) -> Tally {
        let now = Instant::now();
        let pace = Pace { end: now + self.duration, looked: now, stride: 1, left: 0 };
        Tally { pace, started: now, operations: 0, items: 0, checksum: 0 }
    }
}

/// Counts what is done until the time is over.
#[derive(Debug)]
pub(crate) struct Tally {
    pace: Pace,
    started: Instant,
    operations: u64,
    items: u64,
    checksum: u64,
}

impl Tally {
    /// The next operation, while there is time.
    pub(crate) fn next(&mut self) -> Option<u64> {
        self.next_batch(1).map(|batch| batch.start)
    }

    /// The next operations, done and committed together. The first ones are done however late it is: on a busy machine a short
    /// time may be over before they begin.
    pub(crate) fn next_batch(&mut self, batch: u64) -> Option<std::ops::Range<u64>> {
        if !self.pace.goes_on() && self.operations > 0 {
            return None;
        }
        let first = self.operations;
        self.operations += batch;
        Some(first..self.operations)
    }

    /// Something was read: it counts as one, with what shows that it was the right thing.
    pub(crate) fn saw(&mut self, what: u64) {
        self.items += 1;
        self.checksum = self.checksum.wrapping_add(what);
    }

    /// Stops the clock.
    pub(crate) fn end(self) -> Outcome {
        let Self { started, operations, items, checksum, .. } = self;
        Outcome { seconds: started.elapsed().as_secs_f64(), operations, items, checksum, stored: 0 }
    }
}

/// A tally that concurrent handlers share.
#[derive(Debug)]
pub(crate) struct SharedTally(Mutex<Tally>);

impl SharedTally {
    pub(crate) const fn new(tally: Tally) -> Self {
        Self(Mutex::new(tally))
    }

    /// As [`Tally::next`].
    pub(crate) fn next(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// As [`Tally::saw`].
    pub(crate) fn saw(&self, what: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).saw(what);
    }

    /// As [`Tally::end`].
    pub(crate) fn end(self) -> Outcome {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).end()
    }
}

/// What came of a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    pub(crate) operations: u64,
    /// Things read.
    pub(crate) items: u64,
    /// The sum of what was read.
    pub(crate) checksum: u64,
    /// The sum of what the last writes left, read back after the clock was stopped.
    pub(crate) stored: u64,
}

/// Looks at the clock seldom enough that this costs nothing, and often enough to stop in time.
#[derive(Debug)]
struct Pace {
    end: Instant,
    looked: Instant,
    stride: u32,
    left: u32,
}

impl Pace {
    fn goes_on(&mut self) -> bool {
        if self.left > 0 {
            self.left -= 1;
            return true;
        }
        let now = Instant::now();
        if now.duration_since(self.looked) < Duration::from_micros(200) {
            self.stride = (self.stride * 2).min(1024);
        } else {
            self.stride = (self.stride / 2).max(1);
        }
        self.looked = now;
        self.left = self.stride - 1;
        now < self.end
    }
}
