//! Settings of the embedded backend.

use serde::{Deserialize, Serialize};
use store_core::{Error, ErrorKind, Result, settings};

/// Settings of the embedded backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EmbeddedConfig {
    /// Bytes of memory for blocks read from disk, over all tasks; beside the engine's `cache_bytes`. Defaults to 32 MiB.
    pub block_cache_bytes: u64,
    /// Bytes of one map's recent writes in memory before they are written out as a sorted file. Defaults to 8 MiB.
    pub memtable_bytes: u64,
    /// Bytes of all maps' recent writes in memory before the largest part is written out. Defaults to 64 MiB.
    pub write_buffer_bytes: u64,
    /// Bytes of journal on disk before old parts of it are written out and removed, at least 64 MiB. Defaults to
    /// 128 MiB.
    pub journal_bytes: u64,
    /// Threads of a database that write out and merge files, 1 to 64. The engine (fjall 3.1) keeps one of several for writing out,
    /// and it turns in a loop while a map waits to be merged and all others merge: so with 2 of them whenever files are merged.
    /// With 1, writes wait while files are merged. Defaults to 4, the engine's own number on four cores or more.
    pub worker_threads: usize,
    /// When a commit counts as done. Defaults to `synced`.
    pub durability: Durability,
}

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Durability {
    /// When the disk has it: survives the loss of power.
    #[default]
    Synced,
    /// When the operating system has it: survives the death of the process; a crash of the machine may lose the last
    /// commits, offsets and all.
    MachineCrashLosesCommits,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self {
            block_cache_bytes: 32 << 20,
            memtable_bytes: 8 << 20,
            write_buffer_bytes: 64 << 20,
            journal_bytes: 128 << 20,
            worker_threads: 4,
            durability: Durability::default(),
        }
    }
}

impl EmbeddedConfig {
    /// `Config` for values that the engine does not take.
    pub(crate) fn check(&self) -> Result<()> {
        settings::at_least_one(&[("worker_threads", self.worker_threads == 0)])?;
        settings::at_most(&[("worker_threads", self.worker_threads, 64)])?;
        let least = [
            ("journal_bytes", self.journal_bytes, 64 << 20),
            ("memtable_bytes", self.memtable_bytes, 1 << 10),
            ("write_buffer_bytes", self.write_buffer_bytes, 1 << 20),
        ];
        match least.into_iter().find(|(_, value, least)| value < least) {
            None => Ok(()),
            Some((name, value, least)) => {
                let message =
                    format!("{name} is {value}: set it to at least {least}, or leave it out");
                Err(Error::new(ErrorKind::Config, message))
            }
        }
    }
}
