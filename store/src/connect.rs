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
    // Boxed: the futures of the clients are deep, and a program that awaits this deep in its own would reach the compiler's
    // limit.
    let backend = Box::pin(backend(config)).await?;
    Database::with(backend, config.engine.clone())
}

async fn backend(config: &Config) -> Result<Arc<dyn Backend>> {
    let StoreUrl { scheme, .. } = config.url.parse()?;
    match scheme {
        Scheme::Memory => Ok(Arc::new(MemoryBackend::new())),
        #[cfg(feature = "embedded")]
        Scheme::Embedded(path) => {
            let backend = store_embedded::EmbeddedBackend::open(path, config.embedded.clone());
            Ok(Arc::new(backend.await?))
        }
        #[cfg(feature = "redis")]
        Scheme::Redis(address) => {
            let backend = store_redis::RedisBackend::connect(&address, config.redis.clone());
            Ok(Arc::new(backend.await?))
        }
        #[cfg(feature = "cassandra")]
        Scheme::Cassandra(address) => {
            let config = config.cassandra.clone();
            Ok(Arc::new(store_cassandra::CassandraBackend::connect(&address, config).await?))
        }
        #[cfg(feature = "elastic")]
        Scheme::Elastic(address) => {
            let config = config.elastic.clone();
            Ok(Arc::new(store_elastic::ElasticBackend::connect(&address, config).await?))
        }
        // Parsing refuses what was left out of the program.
        #[cfg(not(all(
            feature = "embedded",
            feature = "redis",
            feature = "cassandra",
            feature = "elastic"
        )))]
        other => Err(store_core::Error::new(
            store_core::ErrorKind::Unsupported,
            format!("{other:?} needs a cargo feature of the crate `store` that is off"),
        )),
    }
}
