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
    redo::{Clock, Lease, LogName, Meta, MetaChange, RedoTask, Swap, SystemClock},
    seen::Seen,
};

use crate::{
    CassandraConfig,
    layout::{Buckets, MAX_KEY_BYTES, MAX_VALUE_BYTES, signed},
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
    /// Of each store, what its entries are like, so that pages fit into memory.
    pub(crate) seen: Mutex<BTreeMap<u32, Seen>>,
}

/// What is done to a task.
#[derive(Clone, Copy)]
pub(crate) struct Doing<'a>(&'static str, &'a TaskId);

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
            seen: Mutex::default(),
        }
    }

    /// What is done to the task, for errors.
    pub(crate) const fn doing(&self, what: &'static str) -> Doing<'_> {
        Doing(what, &self.task)
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

impl fmt::Display for Doing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} task {}", self.0, self.1)
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
        let (epoch, stamp) = (signed(log.epoch)?, log.begun_micros());
        let values = (&self.name, epoch, log.attempt, i64::from(index), chunk, stamp);
        self.tell(&self.shared.statements.put_chunk, values).await
    }

    async fn read_chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>> {
        self.chunks(log, count).await
    }

    async fn clear(&self, log: LogName) -> Result<()> {
        // The stamp of its chunks: a mark that is older than what is written later can be forgotten in time.
        let values = (log.begun_micros(), &self.name, signed(log.epoch)?, log.attempt);
        self.tell(&self.shared.statements.clear, values).await
    }

    async fn sweep(&self, below_epoch: u64) -> Result<()> {
        // Chunks of an owner whose clock was ahead stay, until a later owner sweeps.
        let now = SystemClock::default().wall_micros();
        let values = (now, &self.name, signed(below_epoch)?);
        self.tell(&self.shared.statements.sweep, values).await
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
