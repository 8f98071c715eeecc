//! Settings of the SQLite backend.

use serde::{Deserialize, Serialize};

/// Settings of the SQLite backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// How long a call waits while somebody else writes to the file, in milliseconds. Defaults to 10 000.
    pub timeout_ms: u64,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self { timeout_ms: 10_000 }
    }
}
