//! What is under test, and where its state is.

use std::{fmt, sync::Arc};

use anyhow::Result;
use async_trait::async_trait;
use futures::future::BoxFuture;
use store_core::{EngineConfig, backend::Backend};

/// Where the state of one case is; it goes when this is dropped.
#[async_trait]
pub trait Place: Send + Sync + 'static {
    /// A new handle on the same state, as a new process would have one.
    ///
    /// Is called again while earlier handles are in use, so that they fence each other and see each other's commits. Where
    /// only one process at a time can hold the state, open it once and give out clones.
    async fn open(&self) -> Result<Arc<dyn Backend>>;

    /// Kills what keeps the state, without a warning, and starts it again; `false` where there is nothing to kill.
    ///
    /// Handles opened before may fail or go on. What was acknowledged must be there afterwards, if the backend says that it
    /// is persistent.
    async fn kill(&self) -> Result<bool> {
        Ok(false)
    }

    /// Whether handles from before a kill must work again after it. Not where they end with what was killed; they then fail
    /// with what may be tried again.
    fn handles_outlive_a_kill(&self) -> bool {
        true
    }
}

type Fresh = dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Place>>> + Send + Sync;

/// A backend under test: its name, and how to make a place without state.
#[derive(Clone)]
pub struct Subject {
    name: String,
    fresh: Arc<Fresh>,
    cache_bytes: Option<usize>,
}

impl Subject {
    /// A backend of this name, in tests and reports; `fresh` makes a place of its own for each case.
    pub fn new<P, F>(name: impl Into<String>, fresh: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        P: Place,
        F: Future<Output = Result<P>> + Send + 'static,
    {
        let fresh = move || -> BoxFuture<'static, Result<Arc<dyn Place>>> {
            let place = fresh();
            Box::pin(async move { Ok(Arc::new(place.await?) as Arc<dyn Place>) })
        };
        Self { name: name.into(), fresh: Arc::new(fresh), cache_bytes: None }
    }

    /// The same with a cache of this size in the databases that cases open, where they do not set their own.
    #[must_use]
    pub fn with_cache_bytes(self, bytes: usize) -> Self {
        Self { cache_bytes: Some(bytes), ..self }
    }

    /// Settings for the databases of cases.
    pub(crate) fn config(&self) -> EngineConfig {
        let mut config = EngineConfig::default();
        config.cache_bytes = self.cache_bytes.unwrap_or(config.cache_bytes);
        config
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A place without state.
    pub async fn fresh(&self) -> Result<Arc<dyn Place>> {
        (self.fresh)().await
    }

    /// The same backend under another name, each handle wrapped: how wrappers, and broken stores, are tested.
    #[must_use]
    pub fn wrapped(
        &self,
        name: impl Into<String>,
        wrap: impl Fn(Arc<dyn Backend>) -> Arc<dyn Backend> + Send + Sync + 'static,
    ) -> Self {
        let (inner, wrap) = (self.clone(), Arc::new(wrap));
        let fresh = move || {
            let (inner, wrap) = (inner.clone(), wrap.clone());
            async move { Ok(Wrapped { inner: inner.fresh().await?, wrap }) }
        };
        Self { cache_bytes: self.cache_bytes, ..Self::new(name, fresh) }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("name", &self.name).finish_non_exhaustive()
    }
}

type Wrap = dyn Fn(Arc<dyn Backend>) -> Arc<dyn Backend> + Send + Sync;

/// A place whose handles are wrapped.
pub struct Wrapped {
    inner: Arc<dyn Place>,
    wrap: Arc<Wrap>,
}

#[async_trait]
impl Place for Wrapped {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        Ok((self.wrap)(self.inner.open().await?))
    }

    async fn kill(&self) -> Result<bool> {
        self.inner.kill().await
    }

    fn handles_outlive_a_kill(&self) -> bool {
        self.inner.handles_outlive_a_kill()
    }
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapped").finish_non_exhaustive()
    }
}
