//! Settings of the protocol.

use std::{sync::Arc, time::Duration};

use super::{Clock, SystemClock};

/// Settings of the protocol.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedoConfig {
    /// A log up to so many bytes is kept in the record itself, which saves a step. Defaults to 8 KiB.
    pub inline_bytes: usize,
    /// Bytes of one chunk of a longer log, or as many as the largest write takes: a database that refuses a request of
    /// that size refuses it before the commit is decided. Defaults to 512 KiB.
    pub chunk_bytes: usize,
    /// How long after a commit was decided, or the record was read, its writes may be sent. Defaults to 1 hour.
    ///
    /// Marks of deleted keys must be kept for a multiple of it: what an owner sends later than that, which only a
    /// process that was stopped between its check and the sending does, could bring a deleted key back.
    pub max_apply_age: Duration,
    /// Whether an applied commit's mark is removed at once, by one more change of the record, instead of by the next
    /// commit. Spares readers the log. Defaults to false.
    pub clear_at_once: bool,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Default for RedoConfig {
    fn default() -> Self {
        Self {
            inline_bytes: 8 << 10,
            chunk_bytes: 512 << 10,
            max_apply_age: Duration::from_secs(3600),
            clear_at_once: false,
            clock: Arc::new(SystemClock::default()),
        }
    }
}
