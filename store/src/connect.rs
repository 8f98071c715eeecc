//! From settings to a database.

use std::sync::Arc;

use store_core::{Database, Result, backend::Backend, memory::MemoryBackend};

use crate::{Config, StoreUrl, url::Scheme};

/// Connects to the backend that a URL names; see the crate's documentation for URLs.
///
/// `Config` for a bad URL or parameter, and whatever opening the backend says. Each `memory:` is a new one.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().display();
/// let database = store::connect(&format!("embedded:{path}/state")).await?;
/// assert!(database.tasks("word-count").await?.is_empty());
/// # Ok::<_, store::Error>(())
/// # }).unwrap();
/// ```
pub async fn connect(url: &str) -> Result<Database> {
    Config::from_url(url)?.connect().await
}

pub(crate) async fn open(config: &Config) -> Result<Database> {
    let backend = backend(config).await?;
    Database::with(backend, config.engine.clone())
}

async fn backend(config: &Config) -> Result<Arc<dyn Backend>> {
    let url: StoreUrl = config.url.parse()?;
    match url.scheme {
        Scheme::Memory => Ok(Arc::new(MemoryBackend::new())),
        #[cfg(feature = "embedded")]
        Scheme::Embedded(path) => {
            let backend = store_embedded::EmbeddedBackend::open(path, config.embedded.clone());
            Ok(Arc::new(backend.await?))
        }
        #[cfg(not(feature = "embedded"))]
        Scheme::Embedded(_) => Err(store_core::Error::new(
            store_core::ErrorKind::Unsupported,
            "embedded: needs the cargo feature `embedded` of the crate `store`",
        )),
    }
}
