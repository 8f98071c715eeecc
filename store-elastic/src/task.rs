//! One task: the primitives of the redo-log protocol.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Result,
    backend::{Capabilities, Changes, KeyRange, MapId, Order, Page, PageLimit, TaskId},
    redo::{Lease, LogName, Meta, MetaChange, RedoSearcher, RedoTask, Swap},
    seen::Seen,
};

use crate::{
    ElasticConfig,
    client::Client,
    freshness::Freshness,
    index::Names,
    layout::{self, MAX_KEY_BYTES, MAX_VALUE_BYTES},
    record::Stored,
};

/// What the tasks of one backend share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) names: Names,
    pub(crate) config: ElasticConfig,
}

/// One task, as one owner or reader sees it.
pub(crate) struct ElasticTask {
    pub(crate) shared: Arc<Shared>,
    /// Asks nodes on behalf of the task.
    pub(crate) client: Client,
    pub(crate) task: TaskId,
    /// The name of its application in the indices.
    pub(crate) application: String,
    /// Its own.
    pub(crate) name: String,
    /// The epoch of its last destruction, as recorded.
    pub(crate) life: AtomicU64,
    /// The record as it was read or written last, which the next change replaces.
    pub(crate) known: Mutex<Option<Stored>>,
    /// How many chunks of a log were begun here.
    pub(crate) chunks: Mutex<HashMap<LogName, u32>>,
    pub(crate) freshness: Freshness,
    /// What its entries are like, for reads and for searches, so that answers fit into memory.
    pub(crate) seen: [Mutex<Seen>; 2],
    /// When marks of deleted keys were looked at last.
    pub(crate) purged: Mutex<Option<Instant>>,
}

/// What is done to a task.
#[derive(Clone, Copy)]
pub(crate) struct Doing<'a>(&'static str, &'a TaskId);

const CAPABILITIES: Capabilities = {
    let mut capabilities = Capabilities::new("elasticsearch", MAX_KEY_BYTES, MAX_VALUE_BYTES);
    capabilities.persistent = true;
    capabilities.search = true;
    capabilities
};

impl ElasticTask {
    pub(crate) fn new(shared: Arc<Shared>, task: TaskId) -> Self {
        let prefix = shared.config.prefix();
        let name = layout::task(prefix, &task);
        Self {
            application: layout::application(prefix, &task.application),
            client: shared.client.of_task(&shared.names.tasks, &name),
            name,
            shared,
            task,
            life: AtomicU64::new(0),
            known: Mutex::default(),
            chunks: Mutex::default(),
            freshness: Freshness::default(),
            seen: Default::default(),
            purged: Mutex::default(),
        }
    }

    /// What is done to the task, for errors.
    pub(crate) const fn doing(&self, what: &'static str) -> Doing<'_> {
        Doing(what, &self.task)
    }

    /// The name of a map in the index.
    pub(crate) fn map(&self, map: MapId) -> String {
        layout::map(self.life.load(Ordering::Relaxed), map)
    }
}

impl fmt::Debug for ElasticTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElasticTask").field("task", &self.task).finish_non_exhaustive()
    }
}

impl fmt::Display for Doing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} task {}", self.0, self.1)
    }
}

#[async_trait]
impl RedoTask for ElasticTask {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn load(&self) -> Result<Option<Meta>> {
        self.load_record().await
    }

    async fn swap(&self, change: &MetaChange) -> Result<Swap> {
        self.change(change).await
    }

    async fn put_chunk(&self, log: LogName, index: u32, chunk: &Bytes) -> Result<()> {
        self.write_chunk(log, index, chunk).await
    }

    async fn read_chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>> {
        self.chunks(log, count).await
    }

    async fn clear(&self, log: LogName) -> Result<()> {
        self.remove_log(log).await
    }

    async fn sweep(&self, below_epoch: u64) -> Result<()> {
        self.remove_logs(below_epoch).await
    }

    async fn apply(&self, changes: &Changes, stamp: i64, lease: &Lease) -> Result<()> {
        self.write(changes, stamp, lease).await
    }

    async fn wipe(&self, stamp: i64, lease: &Lease) -> Result<()> {
        self.remove_all(stamp, lease).await
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.values(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.page(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.count(map).await
    }

    fn searcher(&self) -> Option<&dyn RedoSearcher> {
        Some(self)
    }
}
