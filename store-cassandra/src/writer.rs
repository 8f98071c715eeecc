//! Writing what is decided.

use std::{collections::BTreeMap, mem, sync::PoisonError};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::{
    response::PagingState,
    serialize::row::SerializeRow,
    statement::{
        batch::{Batch, BatchType},
        prepared::PreparedStatement,
    },
};
use store_core::{
    Result,
    backend::{Changes, MapChange, MapId, Put},
    redo::Lease,
};

use crate::{
    error::write_failed,
    layout::{Buckets, MapColumns},
    statements::Statements,
    task::CassandraTask,
};

/// One request: writes of one partition, or its removal.
enum Request<'a> {
    Write(MapId, i32, Vec<(&'a Bytes, Option<&'a Bytes>)>),
    Remove(MapId, i32),
}

impl CassandraTask {
    pub(crate) async fn write(&self, changes: &Changes, stamp: i64, lease: &Lease) -> Result<()> {
        let buckets = self.buckets().await?;
        // Before there is anything in them, so that a map with entries is always noted.
        self.note(changes, stamp, lease).await?;
        let mut requests = Vec::new();
        for (map, change) in changes {
            match change {
                MapChange::Drop => requests.extend(removal(*map, buckets)),
                MapChange::Write(writes) => self.cut(*map, writes, buckets, &mut requests),
            }
        }
        self.send_all(requests, stamp, lease).await
    }

    /// Removes every map that has been noted, and then the notes.
    pub(crate) async fn remove_all(&self, stamp: i64, lease: &Lease) -> Result<()> {
        let buckets = self.buckets().await?;
        let mut noted = self.shared.statements.maps.clone();
        noted.set_page_size(MAPS_AT_ONCE);
        let mut next = Some(PagingState::start());
        while let Some(state) = next {
            let doing = self.doing("list the maps of");
            let maps = self.shared.ask_page(&noted, (&self.name,), state, doing);
            let (maps, more) = maps.await?;
            let mut removals = Vec::new();
            for (store, cut, segment) in maps {
                removals.extend(removal(MapColumns { store, cut, segment }.map()?, buckets));
            }
            self.send_all(removals, stamp, lease).await?;
            next = more;
        }
        lease.check()?;
        self.tell_at(stamp, &self.shared.statements.forget_maps, (&self.name,)).await
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
        self.tell_at(stamp, statement, (&self.name, store, cut, segment)).await
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
        let mut batches = BTreeMap::<i32, (usize, Vec<_>)>::new();
        for (key, put) in writes {
            let value = put.as_ref().map(|put| &put.value);
            let more = key.len() + value.map_or(0, Bytes::len);
            let bucket = buckets.bucket(map, key);
            let (bytes, batch) = batches.entry(bucket).or_default();
            if !batch.is_empty() && (batch.len() >= most || *bytes + more > largest) {
                requests.push(Request::Write(map, bucket, mem::take(batch)));
                *bytes = 0;
            }
            *bytes += more;
            batch.push((key, value));
        }
        let batches = batches.into_iter();
        requests.extend(batches.map(|(bucket, (_, batch))| Request::Write(map, bucket, batch)));
    }

    async fn send_all(&self, requests: Vec<Request<'_>>, stamp: i64, lease: &Lease) -> Result<()> {
        let sent: Vec<_> =
            requests.into_iter().map(|request| self.send_request(request, stamp, lease)).collect();
        let in_flight = self.shared.config.in_flight;
        stream::iter(sent).buffer_unordered(in_flight).try_collect().await
    }

    async fn send_request(&self, request: Request<'_>, stamp: i64, lease: &Lease) -> Result<()> {
        lease.check()?;
        match request {
            Request::Write(map, bucket, writes) => {
                self.write_bucket(map, bucket, writes, stamp).await
            }
            Request::Remove(map, bucket) => {
                let MapColumns { store, cut, segment } = map.into();
                let values = (&self.name, store, cut, segment, bucket);
                self.tell_at(stamp, &self.shared.statements.remove, values).await
            }
        }
    }

    pub(crate) async fn tell(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<()> {
        self.shared.tell(statement, values, self.doing("write to")).await
    }

    /// As [`tell`](Self::tell), with a stamp of the request.
    async fn tell_at(
        &self,
        stamp: i64,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<()> {
        let mut statement = statement.clone();
        statement.set_timestamp(Some(stamp));
        self.tell(&statement, values).await
    }

    /// Writes into one partition as one mutation, all with the stamp.
    async fn write_bucket(
        &self,
        map: MapId,
        bucket: i32,
        writes: Vec<(&Bytes, Option<&Bytes>)>,
        stamp: i64,
    ) -> Result<()> {
        let MapColumns { store, cut, segment } = map.into();
        let (name, Statements { put, delete, .. }) = (&self.name, &self.shared.statements);
        let mut batch = Batch::new(BatchType::Unlogged);
        let mut rows = Vec::<Box<dyn SerializeRow + Send + Sync>>::new();
        for (key, value) in writes {
            batch.append_statement(if value.is_some() { put } else { delete }.clone());
            rows.push(match value {
                Some(value) => Box::new((name, store, cut, segment, bucket, key, value)),
                None => Box::new((name, store, cut, segment, bucket, key)),
            });
        }
        batch.set_timestamp(Some(stamp));
        batch.set_is_idempotent(true);
        batch.set_execution_profile_handle(put.get_execution_profile_handle().cloned());
        let done = self.shared.session.batch(&batch, rows).await;
        done.map(drop).map_err(|error| write_failed(self.doing("write to"), error))
    }
}

/// Maps that are removed between two looks at which there are; each has several buckets.
const MAPS_AT_ONCE: i32 = 100;

fn removal<'a>(map: MapId, buckets: Buckets) -> impl Iterator<Item = Request<'a>> {
    buckets.all(map).map(move |bucket| Request::Remove(map, bucket))
}
