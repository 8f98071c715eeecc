//! Settings of the engine.

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result, backend::PageLimit};

/// The longest user key that every backend takes, in bytes.
pub const PORTABLE_KEY_BYTES: usize = 8 << 10;

/// The longest value that every backend takes, in bytes.
pub const PORTABLE_VALUE_BYTES: usize = 8 << 20;

/// Settings of the engine; the same names on every backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EngineConfig {
    /// Bytes of uncommitted writes from which a task asks for a commit. Defaults to 32 MiB.
    pub uncommitted_soft_bytes: usize,
    /// Bytes of writes, not yet applied ones included, that a task never exceeds. Defaults to 128 MiB.
    pub uncommitted_hard_bytes: usize,
    /// Bytes that the cache of a database takes, over all of its tasks; 0 switches it off. In memory there is none, on local
    /// disk it comes beside the backend's `block_cache_bytes`. Defaults to 64 MiB.
    pub cache_bytes: usize,
    /// Keys of one request for values. Defaults to 1000.
    pub read_batch_keys: usize,
    /// Bytes from which a request for values takes no further keys. Guessed by the longest value that each store gave
    /// lately, or 4 KiB where none came yet. Defaults to 4 MiB.
    pub read_batch_bytes: usize,
    /// Requests for values on their way at once, for each task. Defaults to 4.
    pub reads_in_flight: usize,
    /// Entries asked for in one page of a scan. Defaults to 1000.
    pub page_entries: usize,
    /// Bytes of keys and values asked for in one page of a scan. Defaults to 4 MiB.
    pub page_bytes: usize,
    /// Allows keys and values up to the backend's own limits, which gives up moving to another one. Defaults to false.
    pub native_limits: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        let PageLimit { entries, bytes } = PageLimit::default();
        Self {
            uncommitted_soft_bytes: 32 << 20,
            uncommitted_hard_bytes: 128 << 20,
            cache_bytes: 64 << 20,
            read_batch_keys: 1000,
            read_batch_bytes: 4 << 20,
            reads_in_flight: 4,
            page_entries: entries,
            page_bytes: bytes,
            native_limits: false,
        }
    }
}

impl EngineConfig {
    /// Checks the settings against each other: `Config` names the setting.
    pub fn check(&self) -> Result<()> {
        let refuse = |message: &str| Err(Error::new(ErrorKind::Config, message));
        if self.page_entries == 0 || self.page_bytes == 0 {
            return refuse("page_entries and page_bytes must be at least 1");
        }
        if self.read_batch_keys == 0 || self.read_batch_bytes == 0 || self.reads_in_flight == 0 {
            return refuse(
                "read_batch_keys, read_batch_bytes and reads_in_flight must be at least 1",
            );
        }
        if self.uncommitted_soft_bytes > self.uncommitted_hard_bytes {
            return refuse("uncommitted_soft_bytes must not be above uncommitted_hard_bytes");
        }
        Ok(())
    }

    pub(crate) const fn page(&self) -> PageLimit {
        PageLimit::new(self.page_entries, self.page_bytes)
    }
}
