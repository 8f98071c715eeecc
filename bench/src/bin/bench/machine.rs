//! What the numbers were measured on.

use std::{
    fmt, fs, thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// How long the process is looked at, at least and at most: it is idle below a fiftieth of a processor, and a look takes some
/// of that.
const LOOKED_AT: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(100)];

/// How long others' work is waited for.
const SETTLING: Duration = Duration::from_secs(60);

/// Waits until no thread of this process works: who compacts files in the background would slow whoever comes next.
///
/// It looks no longer than needed for what is measured next.
pub(crate) async fn settle(measured: Duration) {
    let (begun, looked_at) = (Instant::now(), measured.clamp(LOOKED_AT[0], LOOKED_AT[1]));
    while begun.elapsed() < SETTLING {
        let before = processor_time();
        async_io::Timer::after(looked_at).await;
        if processor_time() - before < looked_at / 50 {
            return;
        }
    }
}

/// What all threads of this process took.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // Invariant: this clock begins at zero and goes forward.
    time.try_into().expect("a time that is not negative")
}

/// The machine.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cores: usize,
    processor: String,
}

impl Machine {
    /// This machine.
    pub(crate) fn this() -> Self {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = known.lines().find_map(|line| line.strip_prefix("model name"));
        let processor = model.and_then(|model| model.split_once(':'));
        let processor = processor.map_or("unknown processor", |(_, name)| name.trim()).to_owned();
        Self { cores, processor }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cores, {}", self.cores, self.processor)
    }
}
