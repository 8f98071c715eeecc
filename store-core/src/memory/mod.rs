//! The in-memory backend: real fencing, real commits, gone with the process.

mod task;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use self::task::{MemoryTask, State};
use crate::{
    Error, ErrorKind, Result,
    backend::{Backend, Claim, Fence, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
};

/// Keeps tasks in memory. A cheap clone: clones share the tasks, which live as long as one of them.
///
/// A commit is one critical section, so that readers see it whole.
#[derive(Clone, Debug, Default)]
pub struct MemoryBackend {
    tasks: Arc<Mutex<BTreeMap<TaskId, Arc<Mutex<State>>>>>,
}

impl MemoryBackend {
    /// A backend without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn existing(&self, task: &TaskId) -> Result<Arc<Mutex<State>>> {
        let found = lock(&self.tasks).get(task).filter(|state| !lock(state).destroyed).cloned();
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no task {task}")))
    }
}

/// A panic while the lock was held cannot have left half a change: states are replaced or extended whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Backend for MemoryBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        let state = lock(&self.tasks).entry(task.clone()).or_default().clone();
        let (fence, checkpoint) = {
            let mut state = lock(&state);
            let epoch = match state.fence {
                Some(fence) if fence.owner == owner => fence.epoch,
                fence => fence.map_or(0, |fence| fence.epoch) + 1,
            };
            let fence = Fence::new(epoch, owner);
            state.fence = Some(fence);
            state.destroyed = false;
            (fence, state.checkpoint.clone())
        };
        Ok(Claim::new(Arc::new(MemoryTask::owned(task.clone(), state, fence)), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let state = self.existing(task)?;
        let lives = lock(&state).lives;
        Ok(Arc::new(MemoryTask::shared(task.clone(), state, lives)))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let tasks = lock(&self.tasks);
        let summaries = tasks.iter().filter(|(id, _)| id.application == *application);
        let summaries = summaries.filter_map(|(id, state)| {
            let state = lock(state);
            let epoch = state.fence.map_or(0, |fence| fence.epoch);
            let summary = TaskSummary::new(id.clone(), epoch, state.checkpoint.clone());
            (!state.destroyed).then_some(summary)
        });
        Ok(summaries.collect())
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        let state = self.existing(task)?;
        let mut state = lock(&state);
        let epoch = state.fence.map_or(0, |fence| fence.epoch) + 1;
        let fence = Some(Fence::new(epoch, OwnerId::random()));
        let lives = state.lives + 1;
        *state = State { fence, destroyed: true, lives, ..State::default() };
        Ok(())
    }
}
