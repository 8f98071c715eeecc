//! One task: the primitives of the redo-log protocol.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, OnceLock},
};

use async_trait::async_trait;
use bytes::Bytes;
use scylla::client::session::Session;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Capabilities, Changes, KeyRange, MapId, Order, Page, PageLimit, TaskId},
    redo::{Lease, LogName, Meta, MetaChange, RedoTask, Swap},
};

use crate::{
    CassandraConfig,
    layout::{Buckets, MAX_KEY_BYTES, MAX_VALUE_BYTES},
    statements::Statements,
};

/// What the tasks of one backend share.
pub(crate) struct Shared {
    pub(crate) session: Arc<Session>,
    pub(crate) statements: Statements,
    pub(crate) config: CassandraConfig,
}

/// One task, as one owner or reader sees it.
pub(crate) struct CassandraTask {
    pub(crate) shared: Arc<Shared>,
    pub(crate) task: TaskId,
    /// Its name in the tables.
    pub(crate) name: String,
    /// Whether the record is read so that it shows what others have begun.
    serial: bool,
    /// As recorded; there once the record was read.
    pub(crate) buckets: OnceLock<Buckets>,
    /// Maps that are known to be noted.
    pub(crate) noted: Mutex<BTreeSet<MapId>>,
    /// About how large the entries of maps are, so that pages fit into memory.
    pub(crate) sizes: Mutex<BTreeMap<MapId, usize>>,
}

const CAPABILITIES: Capabilities = {
    let mut capabilities = Capabilities::new("cassandra", MAX_KEY_BYTES, MAX_VALUE_BYTES);
    capabilities.persistent = true;
    capabilities
};

impl CassandraTask {
    pub(crate) fn new(shared: Arc<Shared>, task: TaskId, serial: bool) -> Self {
        let name = crate::layout::task(shared.config.prefix(), &task);
        Self {
            shared,
            task,
            name,
            serial,
            buckets: OnceLock::new(),
            noted: Mutex::default(),
            sizes: Mutex::default(),
        }
    }

    /// The recorded number of buckets.
    pub(crate) async fn buckets(&self) -> Result<Buckets> {
        if let Some(buckets) = self.buckets.get() {
            return Ok(*buckets);
        }
        self.read_record(self.serial).await?;
        self.buckets.get().copied().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no task {}", self.task))
        })
    }
}

impl fmt::Debug for CassandraTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CassandraTask").field("task", &self.task).finish_non_exhaustive()
    }
}

#[async_trait]
impl RedoTask for CassandraTask {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn load(&self) -> Result<Option<Meta>> {
        self.read_record(self.serial).await
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
}
