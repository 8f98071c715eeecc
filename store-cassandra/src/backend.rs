//! The backend: a session, and tasks found over it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::client::session::Session;
use store_core::{
    Effect, Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
    redo::{RedoConfig, RedoReader, claim, destroy},
};

use crate::{
    CassandraConfig,
    connect::{Profiles, connect, in_datacenter},
    error::unreadable,
    layout, schema,
    statements::Statements,
    task::{CassandraTask, Shared},
};

/// Keeps tasks in Cassandra or ScyllaDB. A cheap clone; clones share one session.
#[derive(Clone)]
pub struct CassandraBackend {
    shared: Arc<Shared>,
    redo: RedoConfig,
}

impl CassandraBackend {
    /// Connects by a URL, `cassandra://[user[:password]@]host[:port][,host[:port]…]`, and makes missing tables. A password
    /// may be `env:NAME` or `file:PATH`.
    ///
    /// `Config` for what can only be mended in URL or settings, `SchemaMismatch` for tables that are missing or not ours, else `Unavailable`, `Timeout`, `Unauthenticated`
    /// and the like.
    pub async fn connect(url: &str, config: CassandraConfig) -> Result<Self> {
        config.check()?;
        let session = connect(url, &config).await?;
        Self::over(Arc::new(session), config).await
    }

    /// Uses a session that is there already, and is not closed here. Addresses, credentials and TLS of the configuration
    /// are not looked at, nor how soon a silent connection is given up: a session should do so well within `timeout_ms`.
    pub async fn with_session(session: Arc<Session>, config: CassandraConfig) -> Result<Self> {
        config.check()?;
        Self::over(session, config).await
    }

    /// The same with other settings of the protocol; for tests.
    #[must_use]
    pub fn with_redo(self, redo: RedoConfig) -> Self {
        Self { redo, ..self }
    }

    async fn over(session: Arc<Session>, config: CassandraConfig) -> Result<Self> {
        // A session of the program may reach several, whose quorums know nothing of each other.
        let config = in_datacenter(&session, config)?;
        let profiles = Profiles::new(&config);
        schema::prepare(&session, &config).await?;
        let prepare = || Statements::prepare(&session, &config, &profiles);
        let statements = schema::with_tables(&config, prepare).await?;
        let redo = config.redo();
        let shared = Arc::new(Shared { session, statements, config });
        Ok(Self { shared, redo })
    }

    fn task(&self, task: &TaskId, serial: bool) -> Arc<CassandraTask> {
        Arc::new(CassandraTask::new(self.shared.clone(), task.clone(), serial))
    }

    /// What there is of a task; nothing for one never claimed, or destroyed.
    async fn summary(&self, task: TaskId) -> Result<Option<TaskSummary>> {
        let meta = self.task(&task, false).read_record(false).await?;
        let Some(meta) = meta.filter(|meta| meta.is_alive()) else { return Ok(None) };
        let checkpoint =
            meta.checkpoint().map_err(|error| error.context(format_args!("task {task}")))?;
        Ok(Some(TaskSummary::new(task, meta.fence.epoch, checkpoint)))
    }

    /// Lists a task that is about to be claimed; nobody sees it before it is.
    async fn list(&self, task: &TaskId) -> Result<()> {
        let application = layout::application(self.shared.config.prefix(), &task.application);
        let values = (application, i64::from(task.partition));
        let doing = format!("list task {task}");
        let listed = self.shared.tell(&self.shared.statements.list, values, doing).await;
        listed.map_err(|error| error.with_effect(Effect::NotApplied))
    }
}

impl fmt::Debug for CassandraBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = &self.shared.config.namespace;
        f.debug_struct("CassandraBackend").field("namespace", namespace).finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for CassandraBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        // First, so that no claimed task is missing from the list; one that stays unclaimed has no record.
        self.list(task).await?;
        claim(task, owner, self.task(task, true), self.redo.clone()).await
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        Ok(Arc::new(RedoReader::open(task.clone(), self.task(task, false)).await?))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let listed = layout::application(self.shared.config.prefix(), application);
        let doing = format!("list the tasks of {application}");
        let partitions: Vec<(i64,)> =
            self.shared.ask(&self.shared.statements.listed, (listed,), &doing).await?;
        let tasks = partitions.into_iter().map(|(partition,)| {
            let partition = u32::try_from(partition).map_err(|error| unreadable(&doing, error))?;
            TaskId::new(application.as_str(), partition)
        });
        let tasks = tasks.collect::<Result<Vec<_>>>()?;
        let summaries: Vec<_> = tasks.into_iter().map(|task| self.summary(task)).collect();
        let summaries = stream::iter(summaries).buffered(self.shared.config.in_flight);
        summaries.try_filter_map(async |summary| Ok(summary)).try_collect().await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        destroy(task, &*self.task(task, true), &self.redo).await
    }
}
