//! Time, as far as the protocol needs it: stamps, and the age of a commit that is still being applied.

use std::{
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{Error, ErrorKind, Result};

/// Tells the time; tests bring their own.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Microseconds since 1970 by the wall clock, which may jump.
    fn wall_micros(&self) -> i64;

    /// Time since some moment by a clock that never goes back.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn wall_micros(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The right to send apply writes, for a while after the record was seen to be ours.
///
/// Measured by both clocks, because the monotonic one stands still while the machine sleeps and the wall clock jumps.
#[derive(Clone, Debug)]
pub struct Lease {
    clock: Arc<dyn Clock>,
    wall: i64,
    monotonic: Duration,
    length: Duration,
}

impl Lease {
    /// Starts now: take it before the request that shows the record to be ours.
    #[must_use]
    pub fn start(clock: Arc<dyn Clock>, length: Duration) -> Self {
        let (wall, monotonic) = (clock.wall_micros(), clock.monotonic());
        Self { clock, wall, monotonic, length }
    }

    /// `Unavailable` once it has run out: nothing more may be sent before the record was read again.
    pub fn check(&self) -> Result<()> {
        let wall = self.clock.wall_micros().saturating_sub(self.wall).unsigned_abs();
        let elapsed = self.clock.monotonic().saturating_sub(self.monotonic);
        let age = Duration::from_micros(wall).max(elapsed);
        if age <= self.length {
            return Ok(());
        }
        let message = "applying a commit took so long that the task may have another owner: it is read again first";
        Err(Error::new(ErrorKind::Unavailable, message))
    }
}
