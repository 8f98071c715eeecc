//! Remembers which tasks were claimed, so that they can be removed.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use store::{
    ErrorKind, Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
};
use store_conformance::async_trait;

/// Tasks that were claimed.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks(Arc<Mutex<BTreeSet<TaskId>>>);

impl Tasks {
    /// Removes them all; where one is gone already, there is nothing to do.
    pub(super) async fn destroy(&self, backend: &dyn Backend) -> Result<()> {
        let tasks = std::mem::take(&mut *self.lock());
        for task in tasks {
            match backend.destroy(&task).await {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<TaskId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A backend whose claims are remembered.
#[derive(Debug)]
pub(super) struct Remembered {
    inner: Arc<dyn Backend>,
    tasks: Tasks,
}

impl Remembered {
    pub(super) const fn new(inner: Arc<dyn Backend>, tasks: Tasks) -> Self {
        Self { inner, tasks }
    }
}

#[async_trait]
impl Backend for Remembered {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        self.tasks.lock().insert(task.clone());
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
