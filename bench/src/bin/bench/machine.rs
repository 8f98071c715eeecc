//! What the numbers were measured on.

use std::{fmt, fs, thread};

use serde::Serialize;

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
