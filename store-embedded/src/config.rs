//! Settings of the embedded backend.

use serde::{Deserialize, Serialize};

/// Settings of the embedded backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EmbeddedConfig {
    /// Bytes of memory for blocks read from disk, over all tasks. Defaults to 32 MiB.
    pub cache_bytes: u64,
    /// Bytes of one map's recent writes in memory before they are written out as a sorted file. Defaults to 8 MiB.
    pub memtable_bytes: u64,
    /// Bytes of journal on disk before old parts of it are written out and removed. Defaults to 128 MiB.
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
            cache_bytes: 32 << 20,
            memtable_bytes: 8 << 20,
            journal_bytes: 128 << 20,
            durability: Durability::default(),
        }
    }
}
