//! From a URL to a database.

use std::sync::Arc;

use store_core::{Database, Error, ErrorKind, Result, memory::MemoryBackend};

/// Connects to what a URL names.
pub(crate) async fn connect(url: &str) -> Result<Database> {
    match url {
        "memory:" => Database::with(Arc::new(MemoryBackend::new()), Default::default()),
        _ => Err(Error::new(ErrorKind::Config, "only memory: so far")),
    }
}
