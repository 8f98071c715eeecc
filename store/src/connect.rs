//! From settings to a database.

use std::{path::PathBuf, sync::Arc};

use store_core::{Database, Result, backend::Backend, memory::MemoryBackend};

use crate::{Config, StoreUrl, url::Scheme};

/// Connects to the backend that a URL names; see the crate's documentation for URLs.
///
/// `Config` for a bad URL or parameter, and whatever opening the backend says. Each `memory:` is a new one.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let database = store::connect("memory:?page_entries=500").await?;
/// assert!(database.tasks("word-count").await?.is_empty());
/// # Ok::<_, store::Error>(())
/// # }).unwrap();
/// ```
pub async fn connect(url: &str) -> Result<Database> {
    Config::from_url(url)?.connect().await
}

/// Opens the backend; the settings have been checked.
pub(crate) async fn open(config: &Config) -> Result<Database> {
    let StoreUrl { scheme, .. } = config.url.parse()?;
    let backend: Arc<dyn Backend> = match scheme {
        Scheme::Memory => Arc::new(MemoryBackend::new()),
        Scheme::Embedded(path) => embedded(path, config).await?,
    };
    Database::with(backend, config.engine.clone())
}

#[cfg(feature = "embedded")]
async fn embedded(path: PathBuf, config: &Config) -> Result<Arc<dyn Backend>> {
    let backend = store_embedded::EmbeddedBackend::open(path, config.embedded.clone()).await?;
    Ok(Arc::new(backend))
}

/// Never reached: a URL of this scheme does not parse without the feature.
#[cfg(not(feature = "embedded"))]
async fn embedded(_: PathBuf, _: &Config) -> Result<Arc<dyn Backend>> {
    let message = format!("embedded: {}", crate::refused::left_out("embedded"));
    Err(store_core::Error::new(store_core::ErrorKind::Unsupported, message))
}
