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
    Effect, Error, ErrorKind, Result,
    backend::{
        Backend, Checkpoint, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary,
    },
};

use crate::{
    RedisConfig,
    error::redis,
    layout::{self, FENCE, Keys},
    reader::Reader,
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
        let failed = |error| redis("connect to Redis", error);
        if config.namespace.contains(['{', '}']) {
            let message =
                "the namespace must have no braces, which say where a key is kept in a cluster";
            return Err(Error::new(ErrorKind::Config, message));
        }
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

    async fn epoch(&self, task: &TaskId) -> Result<Option<u64>> {
        let key = Keys::new(&self.namespace, task).task();
        let fence: redis::RedisResult<Option<String>> =
            self.connection.clone().hget(key, FENCE).await;
        let fence = fence.map_err(|error| redis("read a task's record", error))?;
        let epoch = |fence: String| fence.get(..20)?.parse().ok();
        fence.map(|fence| epoch(fence).ok_or_else(|| corrupt(task))).transpose()
    }
}

fn corrupt(task: &TaskId) -> Error {
    let message = format!("the record of task {task} is damaged: destroy it and rebuild it");
    Error::new(ErrorKind::Corrupt, message)
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
        let mut connection = self.connection.clone();
        // Before the claim, so that no claimed task is missing from the list.
        let listed = layout::tasks(&self.namespace, &task.application);
        let listed: redis::RedisResult<()> = connection.sadd(listed, task.partition).await;
        listed.map_err(|error| redis("list the task", error))?;
        let mut script = CLAIM.prepare_invoke();
        script.key(reader.keys.task()).arg(owner.to_string());
        let claimed: redis::RedisResult<(String, Option<Bytes>)> =
            script.invoke_async(&mut connection).await;
        let (fence, checkpoint) = claimed.map_err(|error| redis("claim", error))?;
        let checkpoint = checkpoint
            .map_or_else(|| Ok(Checkpoint::default()), |bytes| Checkpoint::decode(&bytes))?;
        Ok(Claim::new(Arc::new(Writer::new(reader, fence)), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let listed = layout::tasks(&self.namespace, &task.application);
        let known: redis::RedisResult<bool> =
            self.connection.clone().sismember(listed, task.partition).await;
        if !known.map_err(|error| redis("look for a task", error))? {
            return Err(Error::new(ErrorKind::NotFound, format!("there is no task {task}")));
        }
        Ok(Arc::new(self.reader(task)))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let listed = layout::tasks(&self.namespace, application);
        let partitions: redis::RedisResult<Vec<u32>> =
            self.connection.clone().smembers(listed).await;
        let mut partitions = partitions.map_err(|error| redis("list tasks", error))?;
        partitions.sort_unstable();
        let mut summaries = Vec::new();
        for partition in partitions {
            let task = TaskId::new(application.as_str(), partition)?;
            // Listed by a claim that has not come yet.
            let Some(epoch) = self.epoch(&task).await? else { continue };
            let checkpoint = self.reader(&task).checkpoint().await?;
            summaries.push(TaskSummary::new(task, epoch, checkpoint));
        }
        Ok(summaries)
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.read(task).await?;
        let keys = Keys::new(&self.namespace, task);
        let mut connection = self.connection.clone();
        let failed = |error| redis("destroy", error);
        loop {
            let fence: Option<String> =
                connection.hget(keys.task(), FENCE).await.map_err(failed)?;
            let Some(fence) = fence else { break };
            let maps: Vec<String> = connection.smembers(keys.maps()).await.map_err(failed)?;
            let mut script = DESTROY.prepare_invoke();
            script.key(keys.task()).key(keys.maps());
            for map in &maps {
                script.key(format!("{}:{map}:h", keys.prefix()));
                script.key(format!("{}:{map}:z", keys.prefix()));
            }
            script.arg(fence).arg(OwnerId::random().to_string());
            let done: String = script.invoke_async(&mut connection).await.map_err(failed)?;
            if done != "AGAIN" {
                break;
            }
        }
        let listed = layout::tasks(&self.namespace, &task.application);
        let removed: redis::RedisResult<()> = connection.srem(listed, task.partition).await;
        removed.map_err(|error| failed(error).with_effect(Effect::Applied))
    }
}
