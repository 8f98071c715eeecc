//! Reading: values, chunks of logs, counts.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::{serialize::row::SerializeRow, statement::prepared::PreparedStatement};
use store_core::{Result, backend::MapId, redo::LogName};

use crate::{
    answer::rows,
    layout::{Buckets, MAX_KEY_BYTES, MapColumns, signed},
    task::CassandraTask,
};

impl CassandraTask {
    pub(crate) async fn values(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let buckets = self.buckets().await?;
        let gets: Vec<_> = keys.iter().map(|(map, key)| self.value(buckets, *map, key)).collect();
        let in_flight = self.shared.config.in_flight;
        stream::iter(gets).buffered(in_flight).try_collect().await
    }

    async fn value(&self, buckets: Buckets, map: MapId, key: &Bytes) -> Result<Option<Bytes>> {
        if key.len() > MAX_KEY_BYTES {
            return Ok(None);
        }
        let MapColumns { store, cut, segment } = map.into();
        let values = (&self.name, store, cut, segment, buckets.bucket(map, key), key);
        self.blob(&self.shared.statements.get, values, "read").await
    }

    pub(crate) async fn chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>> {
        let epoch = signed(log.epoch)?;
        let statement = &self.shared.statements.chunk;
        let gets: Vec<_> = (0..i64::from(count))
            .map(|number| {
                let values = (&self.name, epoch, log.attempt, number);
                self.blob(statement, values, "read the log of")
            })
            .collect();
        stream::iter(gets).buffered(CHUNKS_AT_ONCE).try_collect().await
    }

    /// The one column of the one row, if it is there.
    async fn blob(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        doing: &str,
    ) -> Result<Option<Bytes>> {
        let answer = self.shared.session.execute_unpaged(statement, values).await;
        let row = rows(answer, format_args!("{doing} task {}", self.task))?.pop();
        // An empty value is stored as one, but a column of nothing is not there: a row has a value, or was never whole.
        Ok(row.and_then(|(value,)| value))
    }

    pub(crate) async fn count(&self, map: MapId) -> Result<u64> {
        let buckets = self.buckets().await?;
        let counts: Vec<_> =
            buckets.all(map).map(|bucket| self.count_bucket(map, bucket)).collect();
        let in_flight = self.shared.config.in_flight;
        stream::iter(counts).buffer_unordered(in_flight).try_fold(0, async |sum, n| Ok(sum + n)).await
    }

    async fn count_bucket(&self, map: MapId, bucket: i32) -> Result<u64> {
        let MapColumns { store, cut, segment } = map.into();
        let values = (&self.name, store, cut, segment, bucket);
        let answer = self.shared.session.execute_unpaged(&self.shared.statements.count, values);
        let counts: Vec<(i64,)> =
            rows(answer.await, format_args!("count entries of task {}", self.task))?;
        Ok(counts.first().map_or(0, |(count,)| count.unsigned_abs()))
    }
}

/// Chunks are up to half a MiB.
const CHUNKS_AT_ONCE: usize = 8;
