//! What the engine counts, for any recorder of the `metrics` facade.

use std::{fmt, time::Duration};

use metrics::{Counter, Histogram};

use crate::backend::TaskId;

/// Handles, registered once when a task is opened.
pub(super) struct Counters {
    /// Reads that the buffers answered.
    pub(super) buffered: Counter,
    /// Reads that the cache answered with a value.
    pub(super) hits: Counter,
    /// Reads that the cache, or what is known of a whole map, answered with an absence.
    pub(super) absences: Counter,
    /// Reads that went to the backend.
    pub(super) misses: Counter,
    /// Reads that found their key on its way already.
    pub(super) joined: Counter,
    /// Entries that the cache let go of.
    pub(super) evictions: Counter,
    /// Keys in one request.
    pub(super) batch_keys: Histogram,
    /// Bytes of keys and values that requests brought.
    pub(super) read_bytes: Counter,
    /// Bytes of keys and values that were frozen for a commit.
    pub(super) committed_bytes: Counter,
    freeze: Histogram,
    decide: Histogram,
    apply: Histogram,
}

/// The parts of a commit that take time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// Waiting for open units, and freezing.
    Freeze,
    /// Until the backend has decided it.
    Decide,
    /// Until reads of the backend show it.
    Apply,
}

impl Counters {
    pub(super) fn new(task: &TaskId, backend: &'static str) -> Self {
        let application = task.application.to_string();
        let reads = |result: &'static str| {
            let application = application.clone();
            metrics::counter!(READS, "application" => application, "result" => result)
        };
        let part = |part: &'static str| metrics::histogram!(COMMIT_SECONDS, "backend" => backend, "part" => part);
        Self {
            buffered: reads("buffered"),
            hits: reads("hit"),
            absences: reads("absent"),
            misses: reads("miss"),
            joined: reads("joined"),
            evictions: metrics::counter!(EVICTIONS, "application" => application.clone()),
            batch_keys: metrics::histogram!(BATCH_KEYS, "backend" => backend),
            read_bytes: metrics::counter!(READ_BYTES, "application" => application.clone()),
            committed_bytes: metrics::counter!(COMMITTED_BYTES, "application" => application.clone()),
            freeze: part("freeze"),
            decide: part("decide"),
            apply: part("apply"),
        }
    }

    pub(super) fn took(&self, part: Part, time: Duration) {
        let histogram = match part {
            Part::Freeze => &self.freeze,
            Part::Decide => &self.decide,
            Part::Apply => &self.apply,
        };
        histogram.record(time);
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counters")
    }
}

const READS: &str = "store_reads_total";
const EVICTIONS: &str = "store_cache_evictions_total";
const BATCH_KEYS: &str = "store_read_batch_keys";
const READ_BYTES: &str = "store_read_bytes_total";
const COMMITTED_BYTES: &str = "store_committed_bytes_total";
const COMMIT_SECONDS: &str = "store_commit_seconds";
