//! A toy database for the redo-log protocol: it compares and sets one record, everything else is single plain writes.
//!
//! [`ToyBackend::new`] behaves well and is an ordinary backend that lives as long as one of its clones. For tests, a
//! handle can have [`Faults`] of its own: crashes, lost replies, requests that arrive late, twice or never. A
//! [`Break`] leaves out one rule of the protocol, so that a test can show that it would be noticed.

mod broken;
mod faults;
#[cfg(test)]
mod inspect;
mod server;
mod task;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

pub use self::{
    broken::Break,
    faults::{Counts, Fault, Faults, Moment, Seeded},
};
use self::{
    broken::{Broken, Early},
    server::Server,
    task::ToyTask,
};
use super::{RedoConfig, RedoReader, RedoTask, claim, destroy};
use crate::{
    Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
};

/// A backend over the toy database. A cheap clone; clones share the database.
#[derive(Clone, Debug, Default)]
pub struct ToyBackend {
    server: Arc<Mutex<Server>>,
    config: RedoConfig,
    faults: Option<Arc<dyn Faults>>,
    broken: Option<Break>,
}

impl ToyBackend {
    /// A backend without tasks that behaves well.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same database, with other settings of the protocol.
    #[must_use]
    pub fn with_config(&self, config: RedoConfig) -> Self {
        Self { config, ..self.clone() }
    }

    /// The same database, through a line with faults: as one process sees it.
    #[must_use]
    pub fn with_faults(&self, faults: Arc<dyn Faults>) -> Self {
        Self { faults: Some(faults), ..self.clone() }
    }

    /// The same database, with a rule of the protocol left out.
    #[must_use]
    pub fn broken(&self, broken: Option<Break>) -> Self {
        Self { broken, ..self.clone() }
    }

    /// How many requests are still on their way though nobody waits for them.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.server().in_flight.len()
    }

    /// How many entries of a task are in the data.
    #[must_use]
    pub fn stored(&self, task: &TaskId) -> usize {
        self.server().task(task).stored()
    }

    /// Lets one of the requests on their way arrive.
    pub fn deliver(&self, index: usize) {
        let mut server = self.server();
        if index < server.in_flight.len() {
            let (task, request) = server.in_flight.remove(index);
            // Nobody waits for the answer.
            let _ = server.task(&task).execute(request);
        }
    }

    /// A pause longer than [`RedoConfig::max_apply_age`] and any request: the marks of deleted keys are removed, and what
    /// was on its way is lost.
    ///
    /// Clocks are not moved: that is the caller's.
    pub fn purge(&self) {
        let mut server = self.server();
        server.in_flight.clear();
        server.pauses += 1;
        server.tasks.values_mut().for_each(server::Record::purge);
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn primitives(&self, task: &TaskId) -> Arc<dyn RedoTask> {
        let faults = self.faults.clone();
        let plain = ToyTask::new(self.server.clone(), task.clone(), faults, self.broken);
        match self.broken {
            None => Arc::new(plain),
            Some(broken) => Arc::new(Broken::new(plain, broken, self.config.clock.clone())),
        }
    }
}

#[async_trait]
impl Backend for ToyBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        let mut config = self.config.clone();
        if self.broken == Some(Break::ApplyAtAnyAge) {
            config.max_apply_age = Duration::MAX;
        }
        let mut claim = claim(task, owner, self.primitives(task), config).await?;
        if self.broken == Some(Break::ReadableTooEarly) {
            claim.writer = Arc::new(Early(claim.writer));
        }
        Ok(claim)
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        Ok(Arc::new(RedoReader::open(task.clone(), self.primitives(task)).await?))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let mut summaries = Vec::new();
        for (task, record) in &self.server().tasks {
            let Some(meta) = record.meta()?.filter(|meta| meta.is_alive()) else { continue };
            if task.application == *application {
                let (epoch, checkpoint) = (meta.fence.epoch, meta.checkpoint()?);
                summaries.push(TaskSummary::new(task.clone(), epoch, checkpoint));
            }
        }
        Ok(summaries)
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        destroy(task, &*self.primitives(task), &self.config).await
    }
}
