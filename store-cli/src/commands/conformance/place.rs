//! A place of its own for each case, below a URL.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use store::{
    Config, Result, Scheme, StoreUrl,
    backend::{Backend, OwnerId},
};
use store_conformance::async_trait;

use super::remembered::{Remembered, Tasks};

/// A place of its own: a new memory, folder or namespace.
pub(super) struct Place {
    config: Config,
    /// Where a new handle would be another place, the one handle there is.
    only: Option<OnceLock<Arc<dyn Backend>>>,
    folder: Option<PathBuf>,
    tasks: Tasks,
}

impl Place {
    /// A place without state, where the settings say.
    ///
    /// What it leaves in a server is remembered in `tasks`.
    pub(super) fn new(config: &Config, tasks: Tasks) -> Result<Self> {
        let mut config = config.clone();
        let name = format!("conformance-{}", OwnerId::random());
        let (mut only, mut folder) = (None, None);
        let url: StoreUrl = config.url.parse()?;
        match url.scheme {
            Scheme::Embedded(_) => {
                let below = config.url.trim_end_matches('/');
                let below = if below.ends_with(':') { "embedded:state" } else { below };
                config.url = format!("{below}/{name}");
                if let Scheme::Embedded(path) = config.url.parse::<StoreUrl>()?.scheme {
                    folder = Some(path);
                }
            }
            #[cfg(feature = "redis")]
            Scheme::Redis(_) => {
                config.redis.namespace = format!("{}-{name}", config.redis.namespace);
            }
            #[cfg(feature = "cassandra")]
            Scheme::Cassandra(_) => {
                // A prefix in the same keyspace: making another one takes long, and rights.
                let namespace = &mut config.cassandra.namespace;
                namespace.push(if namespace.contains('.') { '-' } else { '.' });
                namespace.push_str(&name);
            }
            #[cfg(feature = "elastic")]
            Scheme::Elastic(_) => {
                // A prefix in the same indices: each further index costs the cluster.
                let namespace = &mut config.elastic.namespace;
                namespace.push(if namespace.contains('.') { '-' } else { '.' });
                namespace.push_str(&name);
            }
            _ => only = Some(OnceLock::new()),
        }
        Ok(Self { config, only, folder, tasks })
    }

    /// A new handle.
    pub(super) async fn connect(&self) -> Result<Arc<dyn Backend>> {
        if let Some(backend) = self.only.as_ref().and_then(OnceLock::get) {
            return Ok(backend.clone());
        }
        let backend = self.config.connect().await?.backend().clone();
        Ok(match (&self.only, &self.folder) {
            (Some(only), _) => only.get_or_init(|| backend).clone(),
            (None, Some(_)) => backend,
            (None, None) => {
                Arc::new(Remembered::new(backend, self.config.clone(), self.tasks.clone()))
            }
        })
    }
}

#[async_trait]
impl store_conformance::Place for Place {
    async fn open(&self) -> store_conformance::anyhow::Result<Arc<dyn Backend>> {
        Ok(self.connect().await?)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // Nothing else depends on it, and there is nobody to tell.
            let _ = fs::remove_dir_all(folder);
        }
    }
}
