//! A Cassandra driver: a table with a partition for each bucket of a map, as the adapter has one.

mod merge;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::{
    client::{session::Session, session_builder::SessionBuilder},
    policies::timestamp_generator::MonotonicTimestampGenerator,
    response::PagingState,
    statement::{
        batch::{Batch, BatchType},
        prepared::PreparedStatement,
    },
};
use store::backend::MapId;

use self::merge::{Cursor, Fetched, fill, pop};
use super::{Bare, Write, parts};

/// Partitions of a map: as few as give requests of a good size, and each of them small enough.
const BUCKETS: u64 = 8;
/// Rows of one batch: the size at which most rows are written per second.
const ROWS: usize = 200;
/// Batches on their way at a time.
const IN_FLIGHT: usize = 8;
/// Rows of one page of a partition.
const PAGE: usize = 1000;

/// How long a server may be busy with what was loaded.
const SETTLING_SECONDS: u32 = 300;
/// How long it must be seen to have nothing to do.
const QUIET_SECONDS: u32 = 3;

/// One session. Batches are unlogged and of one partition each, together neither atomic nor fenced.
#[derive(Clone)]
pub(crate) struct Cassandra(Arc<Table>);

struct Table {
    session: Session,
    put: PreparedStatement,
    delete: PreparedStatement,
    get: PreparedStatement,
    range: PreparedStatement,
}

/// A session with a server that needs no password, by its URL.
async fn session(url: &str) -> Result<Session> {
    let (_, nodes) = parts(url)?;
    let builder = SessionBuilder::new().known_nodes(nodes.split(','));
    // A write of one batch must not lose against one of the batch before.
    let builder = builder.timestamp_generator(Arc::new(MonotonicTimestampGenerator::new()));
    Ok(builder.build().await?)
}

impl Cassandra {
    /// Connects, and makes a table in a keyspace, which is made where it is missing.
    pub(crate) async fn connect(url: &str, keyspace: &str, table: &str) -> Result<Self> {
        let session = session(url).await?;
        let copies = session.get_cluster_state().get_nodes_info().len().min(3);
        let make_keyspace = format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
            {{'class': 'NetworkTopologyStrategy', 'replication_factor': {copies}}}"
        );
        let make_table = format!(
            "CREATE TABLE {keyspace}.{table} (store bigint, segment bigint, bucket bigint, key blob, value blob, \
            PRIMARY KEY ((store, segment, bucket), key)) WITH compaction = {{'class': 'LeveledCompactionStrategy'}}"
        );
        for make in [make_keyspace, make_table] {
            session.query_unpaged(make, ()).await?;
            session.await_schema_agreement().await?;
        }
        let place = "store = ? AND segment = ? AND bucket = ?";
        let columns = "(store, segment, bucket, key, value) VALUES (?, ?, ?, ?, ?)";
        let prepare = |text: String| session.prepare(text);
        Ok(Self(Arc::new(Table {
            put: prepare(format!("INSERT INTO {keyspace}.{table} {columns}")).await?,
            delete: prepare(format!("DELETE FROM {keyspace}.{table} WHERE {place} AND key = ?"))
                .await?,
            get: prepare(format!("SELECT value FROM {keyspace}.{table} WHERE {place} AND key = ?"))
                .await?,
            range: prepare(format!(
                "SELECT key, value FROM {keyspace}.{table} WHERE {place} AND key >= ? AND key <= ?"
            ))
            .await?,
            session,
        })))
    }

    /// Waits until a server has nothing left to compact, for some minutes at most.
    pub(crate) async fn settle(url: &str) -> Result<()> {
        let session = session(url).await?;
        let mut quiet = 0;
        for _ in 0..SETTLING_SECONDS {
            let busy =
                session.query_unpaged("SELECT * FROM system_views.sstable_tasks", ()).await?;
            quiet = if busy.into_rows_result()?.rows_num() == 0 { quiet + 1 } else { 0 };
            if quiet == QUIET_SECONDS {
                return Ok(());
            }
            async_io::Timer::after(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    /// Removes keyspaces.
    pub(crate) async fn remove(url: &str, keyspaces: [&str; 2]) -> Result<()> {
        let session = session(url).await?;
        for keyspace in keyspaces {
            session.query_unpaged(format!("DROP KEYSPACE IF EXISTS {keyspace}"), ()).await?;
        }
        Ok(())
    }
}

/// The columns of a partition.
type Partition = (i64, i64, i64);

fn partition(map: MapId, bucket: u64) -> Partition {
    (map.store.into(), map.segment.unwrap_or(-1), bucket.cast_signed())
}

fn partition_of(map: MapId, key: &[u8]) -> Partition {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    partition(map, hasher.finish() % BUCKETS)
}

impl Table {
    async fn write(&self, (store, segment, bucket): Partition, rows: &[Row]) -> Result<()> {
        if let [(key, Some(value))] = rows {
            let values = (store, segment, bucket, key, value);
            self.session.execute_unpaged(&self.put, values).await?;
            return Ok(());
        }
        let mut batch = Batch::new(BatchType::Unlogged);
        let mut values = Vec::<Box<dyn scylla::serialize::row::SerializeRow + Send + Sync>>::new();
        for (key, value) in rows {
            let statement = if value.is_some() { &self.put } else { &self.delete };
            batch.append_statement(statement.clone());
            values.push(match value {
                Some(value) => Box::new((store, segment, bucket, key, value)),
                None => Box::new((store, segment, bucket, key)),
            });
        }
        self.session.batch(&batch, values).await?;
        Ok(())
    }

    async fn fetch(
        &self,
        (store, segment, bucket): Partition,
        (from, to): (&[u8], &[u8]),
        rows: usize,
        state: PagingState,
    ) -> Result<Fetched> {
        let mut range = self.range.clone();
        range.set_page_size(i32::try_from(rows)?);
        let values = (store, segment, bucket, from, to);
        let (found, next) = self.session.execute_single_page(&range, values, state).await?;
        let found = found.into_rows_result()?;
        let rows = found.rows::<(Bytes, Bytes)>()?.collect::<std::result::Result<_, _>>()?;
        Ok((rows, next.into_paging_control_flow().continue_value()))
    }
}

/// A key and what is written to it.
type Row = (Vec<u8>, Option<Bytes>);

impl Bare for Cassandra {
    async fn get<T: Send>(
        &mut self,
        map: MapId,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T + Send,
    ) -> Result<T> {
        let (store, segment, bucket) = partition_of(map, key);
        let values = (store, segment, bucket, key);
        let found =
            self.0.session.execute_unpaged(&self.0.get, values).await?.into_rows_result()?;
        Ok(see(found.maybe_first_row::<(&[u8],)>()?.map(|(value,)| value)))
    }

    async fn scan(
        &mut self,
        map: MapId,
        ends: (&[u8], &[u8]),
        limit: usize,
        mut see: impl FnMut(&[u8], &[u8]) + Send,
    ) -> Result<()> {
        let rows = PAGE.min(limit);
        let fetch = |bucket, state| self.0.fetch(partition(map, bucket), ends, rows, state);
        let mut cursors: Vec<_> = (0..BUCKETS).map(Cursor::new).collect();
        for _ in 0..limit {
            fill(&mut cursors, rows / 2, &fetch).await?;
            let Some((key, value)) = pop(&mut cursors) else { break };
            see(&key, &value);
        }
        Ok(())
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Result<()> {
        let mut partitions = HashMap::<Partition, BTreeMap<Vec<u8>, Option<Bytes>>>::new();
        for (map, key, value) in writes {
            partitions.entry(partition_of(map, &key)).or_default().insert(key, value);
        }
        let partitions: Vec<(_, Vec<Row>)> =
            partitions.into_iter().map(|(at, rows)| (at, rows.into_iter().collect())).collect();
        let batches = partitions
            .iter()
            .flat_map(|(at, rows)| rows.chunks(ROWS).map(|rows| self.0.write(*at, rows)));
        let batches: Vec<_> = batches.collect();
        stream::iter(batches).buffer_unordered(IN_FLIGHT).try_collect().await
    }

    fn handle(&self) -> Option<Self> {
        Some(self.clone())
    }
}
