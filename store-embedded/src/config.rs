//! Settings of the embedded backend.

use serde::{Deserialize, Serialize};
use store_core::{Error, ErrorKind, Result};

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
            durability: Durability::default(),
        }
    }
}

impl EmbeddedConfig {
    /// `Config` for values that the engine does not take.
    pub(crate) fn check(&self) -> Result<()> {
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
