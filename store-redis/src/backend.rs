//! The backend: one multiplexed connection.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use redis::{
    AsyncCommands, Client, IntoConnectionInfo,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
};

use crate::{
    RedisConfig,
    error::redis,
    layout::{self, CHECKPOINT, DESTROYED, FENCE, Keys, LIFE},
    reader::{self, Life, Reader},
    script::{CLAIM, DESTROY},
    writer::Writer,
};

/// Keeps tasks in a Redis server. A cheap clone; clones share one connection.
#[derive(Clone)]
pub struct RedisBackend {
    connection: ConnectionManager,
    namespace: String,
}

impl RedisBackend {
    /// Connects to a server by its URL, `redis://[user:password@]host[:port][/number]`.
    pub async fn connect(url: &str, config: RedisConfig) -> Result<Self> {
        layout::check(&config.namespace)?;
        let failed = |error| redis("connect to Redis", error);
        let info = url.into_connection_info().map_err(failed)?;
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let client = Client::open(info).map_err(failed)?;
        let timeout = Some(Duration::from_millis(config.timeout_ms));
        let settings = ConnectionManagerConfig::new()
            .set_response_timeout(timeout)
            .set_connection_timeout(timeout)
            .set_number_of_retries(1);
        let connection = client.get_connection_manager_with_config(settings).await;
        Ok(Self { connection: connection.map_err(failed)?, namespace: config.namespace })
    }

    fn reader(&self, task: &TaskId) -> Reader {
        Reader::new(self.connection.clone(), Keys::new(&self.namespace, task))
    }

    /// Raises the epoch. Gives the fence and the stored checkpoint.
    async fn fence(&self, keys: &Keys, owner: OwnerId) -> Result<(String, Option<Bytes>)> {
        let mut script = CLAIM.prepare_invoke();
        script.key(keys.task()).arg(owner.to_string());
        let claimed = script.invoke_async(&mut self.connection.clone()).await;
        claimed.map_err(keys.failed("claim"))
    }

    /// What there is of tasks, in the order asked; none for one never claimed, or destroyed.
    async fn summaries(&self, tasks: &[TaskId]) -> Result<Vec<Option<TaskSummary>>> {
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = tasks.iter().map(|task| Keys::new(&self.namespace, task)).collect();
        let mut pipe = redis::pipe();
        for keys in &keys {
            pipe.hmget(keys.task(), &[FENCE, CHECKPOINT, DESTROYED]);
        }
        let records: redis::RedisResult<Vec<Record>> =
            pipe.query_async(&mut self.connection.clone()).await;
        let records = records.map_err(|error| redis("read the records of tasks", error))?;
        let summary =
            |((task, keys), (fence, checkpoint, destroyed)): ((&TaskId, &Keys), Record)| {
                let Some(fence) = fence.filter(|_| destroyed.is_none()) else { return Ok(None) };
                let checkpoint = reader::checkpoint(keys, checkpoint)?;
                Ok(Some(TaskSummary::new(task.clone(), epoch(task, &fence)?, checkpoint)))
            };
        tasks.iter().zip(&keys).zip(records).map(summary).collect()
    }
}

/// Fence, checkpoint, and whether destroyed, as they are stored.
type Record = (Option<String>, Option<Bytes>, Option<Bytes>);

fn epoch(task: &TaskId, fence: &str) -> Result<u64> {
    fence.get(..20).and_then(|epoch| epoch.parse().ok()).ok_or_else(|| {
        let message = format!("the record of task {task} is damaged: destroy it and rebuild it");
        Error::new(ErrorKind::Corrupt, message)
    })
}

impl std::fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisBackend").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for RedisBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        let reader = self.reader(task);
        // First, so that no claimed task is missing from the list; one that stays unclaimed has no record.
        let listed = layout::tasks(&self.namespace, &task.application);
        let listed: redis::RedisResult<()> =
            self.connection.clone().sadd(listed, task.partition).await;
        listed.map_err(reader.keys.failed("list"))?;
        let (fence, stored) = self.fence(&reader.keys, owner).await?;
        let checkpoint = reader::checkpoint(&reader.keys, stored)?;
        Ok(Claim::new(Arc::new(Writer::new(reader, fence)), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let reader = self.reader(task);
        let record = reader.keys.task();
        let found: redis::RedisResult<(Option<String>, Option<Bytes>, Life)> =
            self.connection.clone().hmget(&record, &[FENCE, DESTROYED, LIFE]).await;
        match found.map_err(reader.keys.failed("open"))? {
            (Some(_), None, life) => Ok(Arc::new(reader.watching(life))),
            _ => Err(reader.keys.gone()),
        }
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let listed = layout::tasks(&self.namespace, application);
        let listed: redis::RedisResult<Vec<u32>> = self.connection.clone().smembers(listed).await;
        let failed = |error| redis(format_args!("list the tasks of {application}"), error);
        let mut partitions = listed.map_err(failed)?;
        partitions.sort_unstable();
        let tasks = partitions.into_iter();
        let tasks: Result<Vec<_>> =
            tasks.map(|partition| TaskId::new(application.as_str(), partition)).collect();
        Ok(self.summaries(&tasks?).await?.into_iter().flatten().collect())
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.read(task).await?;
        let keys = Keys::new(&self.namespace, task);
        // Now nobody adds a map, unless by a claim that makes the removal fail.
        let (fence, _) = self.fence(&keys, OwnerId::random()).await?;
        let mut connection = self.connection.clone();
        let maps: redis::RedisResult<Vec<String>> = connection.smembers(keys.maps()).await;
        let mut script = DESTROY.prepare_invoke();
        script.key(keys.task()).key(keys.maps());
        for map in maps.map_err(keys.failed("destroy"))? {
            script.key(&keys.named(&map)[..]);
        }
        let done: redis::RedisResult<()> = script.arg(fence).invoke_async(&mut connection).await;
        done.map_err(keys.failed("destroy"))
    }
}
