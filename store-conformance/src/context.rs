//! What a case gets: a place of its own.

use std::{fmt, sync::Arc};

use anyhow::Result;
use store_core::{
    Database, EngineConfig, ReadTask, TaskBuilder,
    backend::{Backend, Capabilities, OwnerId, TaskId},
};

use crate::{Place, Subject};

/// The application that cases work as.
const APPLICATION: &str = "app";

/// What a case gets: a place of its own, and the seed of what it draws.
#[derive(Clone)]
pub struct Context {
    subject: Subject,
    place: Arc<dyn Place>,
    /// The seed of what a case draws at random.
    pub seed: u64,
}

impl Context {
    pub(crate) async fn new(subject: &Subject, seed: u64) -> Result<Self> {
        Ok(Self { subject: subject.clone(), place: subject.fresh().await?, seed })
    }

    /// The same with another place, without state: for cases that go through many.
    pub async fn fresh(&self) -> Result<Self> {
        Self::new(&self.subject, self.seed).await
    }

    /// The same with another place, whose handles are wrapped.
    pub async fn through(
        &self,
        name: &str,
        wrap: impl Fn(Arc<dyn Backend>) -> Arc<dyn Backend> + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::new(&self.subject.wrapped(name, wrap), self.seed).await
    }

    /// Where the state is.
    #[must_use]
    pub fn place(&self) -> &dyn Place {
        &*self.place
    }

    /// A new handle, as a new process would have one.
    pub async fn backend(&self) -> Result<Arc<dyn Backend>> {
        self.place.open().await
    }

    /// A database on a new handle.
    pub async fn database(&self) -> Result<Database> {
        self.database_with(self.config()).await
    }

    /// The settings of databases, where a case has no reason for others.
    #[must_use]
    pub fn config(&self) -> EngineConfig {
        self.subject.config()
    }

    /// A database on a new handle, with these settings.
    pub async fn database_with(&self, config: EngineConfig) -> Result<Database> {
        Ok(Database::with(self.backend().await?, config)?)
    }

    /// The first task of the application on a new handle, to be given stores and opened.
    pub async fn task(&self) -> Result<TaskBuilder> {
        Ok(self.database().await?.task(APPLICATION, 0))
    }

    /// What is committed of that task, for somebody who does not own it.
    pub async fn read(&self) -> Result<ReadTask> {
        Ok(self.database().await?.read(APPLICATION, 0).await?)
    }

    /// What the backend says it can do.
    pub async fn capabilities(&self) -> Result<Capabilities> {
        let task = TaskId::new("capabilities", 0)?;
        let claim = self.backend().await?.claim(&task, OwnerId::random(), &[]).await?;
        Ok(claim.writer.capabilities().clone())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("seed", &self.seed).finish_non_exhaustive()
    }
}
