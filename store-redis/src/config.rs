//! Settings of the Redis backend.

use serde::{Deserialize, Serialize};

/// Settings of the Redis backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Stands in front of every key, so that several users can share a server. Defaults to `store`.
    pub namespace: String,
    /// How long a request may take, in milliseconds. Defaults to 10 000.
    pub timeout_ms: u64,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self { namespace: "store".to_owned(), timeout_ms: 10_000 }
    }
}
