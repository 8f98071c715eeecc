//! The backend: a client, and tasks found over it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::{Value, json};
use store_core::{
    Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
    redo::{RedoConfig, RedoReader, claim, destroy},
};

use crate::{
    ElasticConfig,
    connect::connect,
    fields::index_fields,
    index::{Names, prepare},
    layout,
    record::Record,
    scan::Hit,
    task::{ElasticTask, Shared},
};

/// Keeps tasks in Elasticsearch or OpenSearch. A cheap clone; clones share their connections.
#[derive(Clone)]
pub struct ElasticBackend {
    shared: Arc<Shared>,
    redo: RedoConfig,
}

impl ElasticBackend {
    /// Connects by a URL, `elasticsearch+http://[user[:password]@]host[:port][,host[:port]…]`, or with `https` over TLS, or with
    /// `opensearch` in front; makes missing indices. A password may be `env:NAME` or `file:PATH`.
    ///
    /// `Config` for what can only be mended in URL or settings, `SchemaMismatch` for indices that are missing or not ours, else `Unavailable`, `Timeout`, `Unauthenticated`
    /// and the like.
    pub async fn connect(url: &str, config: ElasticConfig) -> Result<Self> {
        config.check()?;
        let (client, names) = (connect(url, &config)?, Names::new(&config));
        prepare(&client, &names, &config).await?;
        let redo = config.redo();
        Ok(Self { shared: Arc::new(Shared { client, names, config }), redo })
    }

    /// The same with other settings of the protocol; for tests.
    #[must_use]
    pub fn with_redo(self, redo: RedoConfig) -> Self {
        Self { redo, ..self }
    }

    fn task(&self, task: &TaskId) -> Arc<ElasticTask> {
        Arc::new(ElasticTask::new(self.shared.clone(), task.clone()))
    }
}

impl fmt::Debug for ElasticBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = &self.shared.config.namespace;
        f.debug_struct("ElasticBackend").field("namespace", namespace).finish_non_exhaustive()
    }
}

/// Tasks listed by one request.
const TASKS_AT_ONCE: usize = 100;

#[async_trait]
impl Backend for ElasticBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let Shared { client, names, config } = &*self.shared;
        if stores.iter().any(|store| !store.fields.is_empty()) {
            index_fields(client, names, config, stores).await?;
        }
        claim(task, owner, self.task(task), self.redo.clone()).await
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        Ok(Arc::new(RedoReader::open(task.clone(), self.task(task)).await?))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let Shared { client, names, config } = &*self.shared;
        let doing = format!("list the tasks of {application}");
        client.refresh(&names.tasks, doing.as_str()).await?;
        let listed = layout::application(config.prefix(), application);
        let mut body = json!({
            "size": TASKS_AT_ONCE,
            "query": { "bool": { "filter": [{ "term": { "application": listed } }] } },
            "sort": [{ "partition": "asc" }],
            "_source": ["partition", "record"],
            "track_total_hits": false,
        });
        let mut tasks = Vec::new();
        loop {
            let hits: Vec<Hit<Record>> =
                client.search(&names.tasks, None, &body, doing.as_str()).await?;
            for Hit { source: record, .. } in &hits {
                let task = TaskId::new(application.as_str(), record.partition)?;
                let context = |error: store_core::Error| error.context(format_args!("task {task}"));
                let meta = record.read().map_err(context)?;
                if meta.is_alive() {
                    let checkpoint = meta.checkpoint().map_err(context)?;
                    tasks.push(TaskSummary::new(task, meta.fence.epoch, checkpoint));
                }
            }
            let Some(last) = hits.last().filter(|_| hits.len() == TASKS_AT_ONCE) else {
                return Ok(tasks);
            };
            body["search_after"] = Value::from(vec![last.source.partition]);
        }
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        destroy(task, &*self.task(task), &self.redo).await
    }
}
