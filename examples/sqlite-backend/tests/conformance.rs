//! The suite.

use std::{process::ExitCode, sync::Arc};

use sqlite_backend::{SqliteBackend, SqliteConfig};
use store_conformance::{Place, anyhow::Result, async_trait};
use store_core::backend::Backend;
use tempfile::TempDir;

struct Folder(TempDir);

#[async_trait]
impl Place for Folder {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        let path = self.0.path().join("state.db");
        Ok(Arc::new(SqliteBackend::open(path, SqliteConfig::default()).await?))
    }
}

fn main() -> ExitCode {
    store_conformance::main("sqlite", || async { Ok(Folder(tempfile::tempdir()?)) })
}
