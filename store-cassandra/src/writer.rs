//! Writing: logs, and what is decided.

use std::{collections::BTreeMap, sync::PoisonError};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::{
    serialize::{batch::BatchValues, row::SerializeRow},
    statement::{
        batch::{Batch, BatchStatement, BatchType},
        prepared::PreparedStatement,
    },
};
use store_core::{
    Result,
    backend::{Changes, MapChange, MapId, Put},
    redo::{Lease, LogName},
};

use crate::{
    answer::rows,
    error::failed,
    layout::{Buckets, MapColumns, signed},
    task::CassandraTask,
};

/// One request: writes of one partition, or its removal.
enum Request<'a> {
    Puts(MapId, i32, Vec<(&'a Bytes, &'a Bytes)>),
    Deletes(MapId, i32, Vec<&'a Bytes>),
    Remove(MapId, i32),
}

impl CassandraTask {
    pub(crate) async fn write_chunk(&self, log: LogName, index: u32, chunk: &Bytes) -> Result<()> {
        let values = (&self.name, signed(log.epoch)?, log.attempt, i64::from(index), chunk);
        self.execute(&self.shared.statements.put_chunk, values).await
    }

    pub(crate) async fn remove_log(&self, log: LogName) -> Result<()> {
        let values = (&self.name, signed(log.epoch)?, log.attempt);
        self.execute(&self.shared.statements.clear, values).await
    }

    pub(crate) async fn remove_logs(&self, below_epoch: u64) -> Result<()> {
        self.execute(&self.shared.statements.sweep, (&self.name, signed(below_epoch)?)).await
    }

    pub(crate) async fn write(&self, changes: &Changes, stamp: i64, lease: &Lease) -> Result<()> {
        let buckets = self.buckets().await?;
        // Before there is anything in them, so that a map with entries is always noted.
        self.note(changes, stamp, lease).await?;
        let mut requests = Vec::new();
        for (map, change) in changes {
            match change {
                MapChange::Drop => {
                    requests.extend(buckets.all(*map).map(|bucket| Request::Remove(*map, bucket)));
                }
                MapChange::Write(writes) => self.cut(*map, writes, buckets, &mut requests),
            }
        }
        self.send_all(requests, stamp, lease).await
    }

    /// Removes every map that has been noted, and then the notes.
    pub(crate) async fn remove_all(&self, stamp: i64, lease: &Lease) -> Result<()> {
        let buckets = self.buckets().await?;
        let maps = self.maps().await?;
        let removals = maps
            .into_iter()
            .flat_map(|map| buckets.all(map).map(move |bucket| Request::Remove(map, bucket)));
        self.send_all(removals.collect(), stamp, lease).await?;
        lease.check()?;
        self.execute(&self.shared.statements.forget_maps, (stamp, &self.name)).await
    }

    async fn maps(&self) -> Result<Vec<MapId>> {
        let answer =
            self.shared.session.execute_unpaged(&self.shared.statements.maps, (&self.name,));
        let maps = rows(answer.await, format_args!("list the maps of task {}", self.task))?;
        maps.into_iter()
            .map(|(store, cut, segment)| MapColumns { store, cut, segment }.map())
            .collect()
    }

    /// Notes maps that are written or dropped, so that destroying the task finds them.
    async fn note(&self, changes: &Changes, stamp: i64, lease: &Lease) -> Result<()> {
        let new: Vec<_> = {
            let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            let new = |map: &MapId, change: &MapChange| {
                *change == MapChange::Drop || !noted.contains(map)
            };
            changes.iter().filter(|(map, change)| new(map, change)).collect()
        };
        let notes: Vec<_> =
            new.iter().map(|(map, change)| self.note_map(**map, change, stamp, lease)).collect();
        stream::iter(notes)
            .buffer_unordered(self.shared.config.in_flight)
            .try_collect::<()>()
            .await?;
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        for (map, change) in new {
            match change {
                MapChange::Drop => noted.remove(map),
                MapChange::Write(_) => noted.insert(*map),
            };
        }
        Ok(())
    }

    async fn note_map(
        &self,
        map: MapId,
        change: &MapChange,
        stamp: i64,
        lease: &Lease,
    ) -> Result<()> {
        let MapColumns { store, cut, segment } = map.into();
        let statements = &self.shared.statements;
        let statement = match change {
            MapChange::Drop => &statements.note_drop,
            MapChange::Write(_) => &statements.note_map,
        };
        lease.check()?;
        self.execute(statement, (&self.name, store, cut, segment, stamp)).await
    }

    /// Cuts the writes of a map into requests of one partition each.
    fn cut<'a>(
        &self,
        map: MapId,
        writes: &'a BTreeMap<Bytes, Option<Put>>,
        buckets: Buckets,
        requests: &mut Vec<Request<'a>>,
    ) {
        let (most, largest) = (self.shared.config.batch_entries, self.shared.config.batch_bytes);
        let mut puts = BTreeMap::<i32, (usize, Vec<(&Bytes, &Bytes)>)>::new();
        let mut deletes = BTreeMap::<i32, (usize, Vec<&Bytes>)>::new();
        for (key, put) in writes {
            let bucket = buckets.bucket(map, key);
            let Some(put) = put else {
                let (bytes, batch) = deletes.entry(bucket).or_default();
                if !batch.is_empty() && (batch.len() >= most || *bytes + key.len() > largest) {
                    requests.push(Request::Deletes(map, bucket, std::mem::take(batch)));
                    *bytes = 0;
                }
                *bytes += key.len();
                batch.push(key);
                continue;
            };
            let (bytes, batch) = puts.entry(bucket).or_default();
            let more = key.len() + put.value.len();
            if !batch.is_empty() && (batch.len() >= most || *bytes + more > largest) {
                requests.push(Request::Puts(map, bucket, std::mem::take(batch)));
                *bytes = 0;
            }
            *bytes += more;
            batch.push((key, &put.value));
        }
        let puts = puts.into_iter().filter(|(_, (_, batch))| !batch.is_empty());
        requests.extend(puts.map(|(bucket, (_, batch))| Request::Puts(map, bucket, batch)));
        let deletes = deletes.into_iter().filter(|(_, (_, batch))| !batch.is_empty());
        requests.extend(deletes.map(|(bucket, (_, batch))| Request::Deletes(map, bucket, batch)));
    }

    async fn send_all(&self, requests: Vec<Request<'_>>, stamp: i64, lease: &Lease) -> Result<()> {
        let sent: Vec<_> =
            requests.into_iter().map(|request| self.send_request(request, stamp, lease)).collect();
        let in_flight = self.shared.config.in_flight;
        stream::iter(sent).buffer_unordered(in_flight).try_collect().await
    }

    async fn send_request(&self, request: Request<'_>, stamp: i64, lease: &Lease) -> Result<()> {
        lease.check()?;
        let statements = &self.shared.statements;
        match request {
            Request::Puts(map, bucket, entries) => {
                let MapColumns { store, cut, segment } = map.into();
                let row = |(key, value)| (&self.name, store, cut, segment, bucket, key, value);
                let rows: Vec<_> = entries.into_iter().map(row).collect();
                self.batch(&statements.put, rows.len(), rows, stamp).await
            }
            Request::Deletes(map, bucket, keys) => {
                let MapColumns { store, cut, segment } = map.into();
                let row = |key| (&self.name, store, cut, segment, bucket, key);
                let rows: Vec<_> = keys.into_iter().map(row).collect();
                self.batch(&statements.delete, rows.len(), rows, stamp).await
            }
            Request::Remove(map, bucket) => {
                let MapColumns { store, cut, segment } = map.into();
                let values = (stamp, &self.name, store, cut, segment, bucket);
                self.execute(&statements.remove, values).await
            }
        }
    }

    /// Writes rows of one partition as one mutation, all with the stamp.
    async fn batch(
        &self,
        statement: &PreparedStatement,
        count: usize,
        rows: impl BatchValues + Send + Sync,
        stamp: i64,
    ) -> Result<()> {
        let statements = vec![BatchStatement::from(statement.clone()); count];
        let mut batch = Batch::new_with_statements(BatchType::Unlogged, statements);
        batch.set_timestamp(Some(stamp));
        batch.set_is_idempotent(true);
        batch.set_execution_profile_handle(statement.get_execution_profile_handle().cloned());
        let done = self.shared.session.batch(&batch, rows).await;
        done.map(drop).map_err(|error| failed(format_args!("write to task {}", self.task), error))
    }

    async fn execute(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<()> {
        let done = self.shared.session.execute_unpaged(statement, values).await;
        done.map(drop).map_err(|error| failed(format_args!("write to task {}", self.task), error))
    }
}
