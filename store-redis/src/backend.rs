//! The backend: a connection, and tasks found over it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use redis::{AsyncCommands, RedisResult, aio::ConnectionManager};
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
};

use crate::{
    RedisConfig,
    check::{Checked, check},
    connect::Connector,
    error::redis,
    layout::{self, CHECKPOINT, DESTROYED, FENCE, Keys, LAYOUT, LIFE},
    link::Link,
    reader::{self, Reader},
    script::{CLAIM, Call},
    step::{CLAIMED, step},
    writer::Writer,
};

/// Keeps tasks in Redis, Valkey or a Redis Cluster. A cheap clone; clones share one connection, or one to each server of
/// a cluster. With a durability that waits, each claimed task has one more.
#[derive(Clone)]
pub struct RedisBackend {
    link: Link,
    /// Makes more connections; not there where somebody else's is used.
    connector: Option<Arc<Connector>>,
    config: Arc<RedisConfig>,
}

impl RedisBackend {
    /// Connects by a URL: `redis://[user[:password]@]host[:port][/number]`, `rediss://…` for TLS,
    /// `redis+cluster://…,…` and `rediss+cluster://…,…` for a cluster by some of its servers, `redis+unix:///path` for a
    /// socket. A password may be `env:NAME` or `file:PATH`.
    ///
    /// `Config` for what can only be mended in URL, settings or certificates, else `Unavailable`, `Timeout`,
    /// `Unauthenticated` and the like.
    pub async fn connect(url: &str, config: RedisConfig) -> Result<Self> {
        config.check()?;
        let connector = Connector::new(url, &config)?;
        let link = connector.connect().await?;
        Ok(Self { link, connector: Some(Arc::new(connector)), config: Arc::new(config) })
    }

    /// Uses a connection that is there already, and is not closed here. Its own settings hold: addresses, credentials and
    /// TLS of the configuration are not looked at, and a durability that waits is `Unsupported`.
    pub fn with_connection(connection: ConnectionManager, config: RedisConfig) -> Result<Self> {
        config.check()?;
        let link = Link::of(connection, &config);
        Ok(Self { link, connector: None, config: Arc::new(config) })
    }

    fn keys(&self, task: &TaskId) -> Keys {
        Keys::new(&self.config.namespace, task)
    }

    async fn check(&self, doing: &str, keys: &Keys) -> Result<Checked> {
        check(doing, &self.link, self.connector.as_deref(), &self.config, keys).await
    }

    /// Raises the epoch. Gives the fence, the stored checkpoint, and the decided log that is still to be applied.
    async fn fence(
        &self,
        keys: &Keys,
        owner: OwnerId,
    ) -> Result<(String, Option<Bytes>, Option<String>)> {
        let call = Call::new(&CLAIM, keys.script([""; 0])).text(owner).text(layout::VERSION);
        self.link.run(&call).await.map_err(keys.failed("claim"))
    }

    /// What there is of a task; nothing for one never claimed, or destroyed.
    async fn summary(&self, task: TaskId) -> Result<Option<TaskSummary>> {
        let keys = self.keys(&task);
        let record: RedisResult<Record> =
            self.link.clone().hmget(keys.task(), &[FENCE, CHECKPOINT, DESTROYED]).await;
        let (fence, checkpoint, destroyed) = record.map_err(keys.failed("read the record of"))?;
        let Some(fence) = fence.filter(|_| destroyed.is_none()) else { return Ok(None) };
        let checkpoint = reader::checkpoint(&keys, checkpoint)?;
        let epoch = epoch(&task, &fence)?;
        Ok(Some(TaskSummary::new(task, epoch, checkpoint)))
    }
}

/// How many records are asked for at a time.
const IN_FLIGHT: usize = 100;

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
        let namespace = &self.config.namespace;
        f.debug_struct("RedisBackend").field("namespace", namespace).finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for RedisBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        let keys = self.keys(task);
        let listed = layout::tasks(&self.config.namespace, &task.application);
        // Where it fails, nothing of ours is left at a server that is not meant for it.
        let wait = self.check("claim", &keys).await?.for_claim(&keys)?;
        // First, so that no claimed task is missing from the list; one that stays unclaimed has no record.
        let listed: RedisResult<()> = self.link.clone().sadd(listed, task.partition).await;
        listed.map_err(keys.failed("list"))?;
        let (fence, stored, pending) = self.fence(&keys, owner).await?;
        step(CLAIMED);
        let checkpoint = reader::checkpoint(&keys, stored)?;
        let reader = Reader::new(self.link.clone(), keys);
        let writer = Writer::new(reader, fence, (*self.config).clone(), wait);
        if let Some(pending) = pending {
            writer.finish(&pending).await?;
        }
        Ok(Claim::new(Arc::new(writer), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let keys = self.keys(task);
        let found: RedisResult<(Option<String>, Option<Bytes>, Option<u64>, Option<String>)> =
            self.link.clone().hmget(keys.task(), &[FENCE, DESTROYED, LIFE, LAYOUT]).await;
        match found.map_err(keys.failed("open"))? {
            (_, _, _, Some(other)) if other != layout::VERSION => Err(keys.other_layout(&other)),
            (Some(_), None, life, _) => {
                Ok(Arc::new(Reader::new(self.link.clone(), keys).watching(life)))
            }
            _ => Err(keys.gone()),
        }
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let listed = layout::tasks(&self.config.namespace, application);
        let listed: RedisResult<Vec<u32>> = self.link.clone().smembers(listed).await;
        let failed = |error| redis(format_args!("list the tasks of {application}"), error);
        let mut partitions = listed.map_err(failed)?;
        partitions.sort_unstable();
        let task = |partition| TaskId::new(application.as_str(), partition);
        let tasks = partitions.into_iter().map(task).collect::<Result<Vec<_>>>()?;
        let summaries = stream::iter(tasks).map(|task| self.summary(task)).buffered(IN_FLIGHT);
        let summaries: Vec<_> = summaries.try_collect().await?;
        Ok(summaries.into_iter().flatten().collect())
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        let keys = self.keys(task);
        let gone = self.read(task).await.err();
        if let Some(error) = gone.as_ref().filter(|error| error.kind() != ErrorKind::NotFound) {
            return Err(error.clone());
        }
        let wait = self.check("destroy", &keys).await?.wait;
        let destroy = |fence| {
            let reader = Reader::new(self.link.clone(), keys.clone());
            let writer = Writer::new(reader, fence, (*self.config).clone(), wait);
            async move { writer.destroy().await }
        };
        let Some(gone) = gone else {
            // Now nobody adds a map, unless by a claim that makes the removal fail.
            let (fence, ..) = self.fence(&keys, OwnerId::random()).await?;
            return destroy(fence).await;
        };
        // Whoever destroyed it may not have waited to the end. A claim that came since makes it fail: it is another fence, or was
        // there before this one is read and then is not destroyed any more.
        let record = self.link.fence_and(&keys, DESTROYED).await;
        if let (Some(fence), Some(_)) = record.map_err(keys.failed("destroy"))? {
            match destroy(fence).await {
                Err(error) if error.kind() != ErrorKind::Fenced => return Err(error),
                _ => {}
            }
        }
        Err(gone)
    }
}
