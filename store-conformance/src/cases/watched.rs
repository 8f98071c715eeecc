//! A backend that remembers what was asked of it, and can fail a scan.

use std::sync::{Arc, Mutex, PoisonError};

use store_core::{
    Database, EngineConfig, Error, ErrorKind, Result,
    backend::{Backend, Commit, PageLimit},
    layers::{Answer, Call, Layer, Size},
};

use crate::Context;

/// What was asked of a backend.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    /// For each read of keys their number.
    pub(crate) gets: Vec<usize>,
    pub(crate) pages: Vec<Asked>,
    pub(crate) commits: Vec<Arc<Commit>>,
    /// How many pages may come before all fail.
    patience: Option<usize>,
}

/// A page that was asked for, and what was in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) limit: PageLimit,
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// A backend that remembers what was asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn Backend>,
    calls: Arc<Mutex<Calls>>,
}

impl Watched {
    pub(crate) async fn new(context: &Context) -> anyhow::Result<Self> {
        Ok(Self { inner: context.backend().await?, calls: Arc::default() })
    }

    pub(crate) fn database(&self, config: EngineConfig) -> Result<Database> {
        Ok(Database::with(self.inner.clone(), config)?.layer(self.clone()))
    }

    /// What was asked since the last time; from now on no scan fails.
    pub(crate) fn take(&self) -> Calls {
        self.with(std::mem::take)
    }

    /// Makes every page after so many more fail.
    pub(crate) fn fail_after(&self, pages: usize) {
        self.with(|calls| calls.patience = Some(pages));
    }

    fn with<T>(&self, use_calls: impl FnOnce(&mut Calls) -> T) -> T {
        use_calls(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Layer for Watched {
    async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        let refused = self.with(|calls| calls.refuses(&call));
        if refused {
            return Err(Error::new(ErrorKind::Timeout, "no answer to a scan"));
        }
        let answer = send().await?;
        if let Call::Scan { limit, .. } = call {
            let Size { entries, bytes, .. } = answer.size();
            self.with(|calls| calls.pages.push(Asked { limit, entries, bytes }));
        }
        Ok(answer)
    }
}

impl Calls {
    /// Remembers what is asked; whether it is a page that is to fail.
    fn refuses(&mut self, call: &Call<'_>) -> bool {
        match call {
            Call::GetMany { keys } => self.gets.push(keys.len()),
            Call::Commit { commit, .. } => self.commits.push((*commit).clone()),
            Call::Scan { .. } => {
                let left = self.patience.map(|pages| pages.checked_sub(1));
                self.patience = left.map(Option::unwrap_or_default);
                return left == Some(None);
            }
            _ => {}
        }
        false
    }
}
