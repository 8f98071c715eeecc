//! A backend as if it were far away.

mod latency;
mod task;

use std::sync::Arc;

use async_trait::async_trait;
use store::{
    Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
};

pub(crate) use self::latency::Latency;
use self::task::RemoteTask;

/// Any backend behind a [`Latency`].
///
/// Each call takes that much longer; calls in flight at the same time overlap, as on one connection of a client that
/// pipelines. `apply` and `close` make no request of their own in the backends there are, and are not delayed.
#[derive(Debug)]
pub(crate) struct Remote<B> {
    backend: B,
    latency: Latency,
}

impl<B: Backend> Remote<B> {
    /// The backend behind a latency, which may be changed later.
    pub(crate) const fn new(backend: B, latency: Latency) -> Self {
        Self { backend, latency }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<B: Backend> Backend for Remote<B> {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        self.latency.wait(0).await;
        let Claim { writer, checkpoint, .. } = self.backend.claim(task, owner, stores).await?;
        Ok(Claim::new(Arc::new(RemoteTask::new(writer, self.latency.clone())), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        self.latency.wait(0).await;
        let reader = self.backend.read(task).await?;
        Ok(Arc::new(RemoteTask::new(reader, self.latency.clone())))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.latency.wait(0).await;
        self.backend.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.latency.wait(0).await;
        self.backend.destroy(task).await
    }
}
