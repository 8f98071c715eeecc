//! Remembers which tasks were claimed, so that they can be removed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::{
    Config, ErrorKind, Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
};
use store_conformance::async_trait;

/// Tasks that were claimed, by the settings that lead to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks(Arc<Mutex<Vec<(Config, TaskId)>>>);

impl Tasks {
    /// Removes them all; where one is gone already, there is nothing to do.
    pub(super) async fn destroy(&self) -> Result<()> {
        let tasks = std::mem::take(&mut *self.lock());
        // Those of one place come one after the other; to connect anew for each takes longer than to remove it.
        let mut connected: Option<(Config, Arc<dyn Backend>)> = None;
        for (config, task) in tasks {
            let backend = match connected.take().filter(|(place, _)| *place == config) {
                Some((_, backend)) => backend,
                None => config.connect().await?.backend().clone(),
            };
            match backend.destroy(&task).await {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => connected = Some((config, backend)),
            }
        }
        Ok(())
    }

    fn remember(&self, config: &Config, task: &TaskId) {
        let claimed = (config.clone(), task.clone());
        let mut tasks = self.lock();
        if !tasks.contains(&claimed) {
            tasks.push(claimed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Config, TaskId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A backend whose claims are remembered.
#[derive(Debug)]
pub(super) struct Remembered {
    inner: Arc<dyn Backend>,
    config: Config,
    tasks: Tasks,
}

impl Remembered {
    pub(super) const fn new(inner: Arc<dyn Backend>, config: Config, tasks: Tasks) -> Self {
        Self { inner, config, tasks }
    }
}

#[async_trait]
impl Backend for Remembered {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        self.tasks.remember(&self.config, task);
        self.inner.claim(task, owner, stores).await
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        self.inner.read(task).await
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.inner.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.inner.destroy(task).await
    }
}
