//! The owner's side of one task: one transaction per commit.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Transaction, params};
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, Commit, Fence, KeyRange, MapChange, MapId, Order, Page,
        PageLimit, Searcher, TaskId, TaskReader, TaskWriter,
    },
};

use crate::{
    error::Stop,
    layout::{Record, map_name},
    reader::Reader,
};

/// Writes one task under the fence of its claim.
#[derive(Debug)]
pub(crate) struct Writer {
    reader: Reader,
    fence: Fence,
}

impl Writer {
    pub(crate) const fn new(reader: Reader, fence: Fence) -> Self {
        Self { reader, fence }
    }
}

/// Checks the fence and the sequence number, then writes everything with the checkpoint.
fn commit(
    file: &Transaction<'_>,
    task: &TaskId,
    fence: Fence,
    commit: &Commit,
) -> Result<(), Stop> {
    let owned = |record: &Record| {
        record.epoch == fence.epoch && record.owner == Some(fence.owner.to_string())
    };
    let Some(record) = Record::find(file, task)?.filter(owned) else {
        let message = format!("task {task} was claimed by a later owner: give it up");
        return Err(Error::new(ErrorKind::Fenced, message).into());
    };
    let (stored, sent) = (record.checkpoint.sequence, commit.sequence());
    if stored == sent {
        // Sent again, because its sender could not know.
        return Ok(());
    }
    if stored + 1 != sent {
        let message = format!("task {task} is at commit {stored}, got commit {sent}");
        return Err(Error::new(ErrorKind::SequenceGap, message).into());
    }
    for (map, change) in commit.changes() {
        write(file, record.id, *map, change)?;
    }
    let sql = "UPDATE tasks SET checkpoint = ? WHERE id = ?";
    file.execute(sql, params![&commit.encoded_checkpoint()[..], record.id])?;
    Ok(())
}

fn write(file: &Transaction<'_>, id: i64, map: MapId, change: &MapChange) -> Result<(), Stop> {
    let map = map_name(map);
    let MapChange::Write(writes) = change else {
        file.execute("DELETE FROM entries WHERE task = ? AND map = ?", params![id, map])?;
        return Ok(());
    };
    let put = "
        INSERT INTO entries (task, map, key, value) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET value = excluded.value";
    let delete = "DELETE FROM entries WHERE task = ? AND map = ? AND key = ?";
    let (mut put, mut delete) = (file.prepare_cached(put)?, file.prepare_cached(delete)?);
    for (key, value) in writes {
        match value {
            Some(value) => put.execute(params![id, map, &key[..], &value.value[..]])?,
            None => delete.execute(params![id, map, &key[..]])?,
        };
    }
    Ok(())
}

#[async_trait]
impl TaskWriter for Writer {
    async fn commit(&self, sent: &Arc<Commit>) -> Result<()> {
        let (task, fence, sent) = (self.reader.task.clone(), self.fence, sent.clone());
        let doing = format!("commit task {task}");
        self.reader.file.write(doing, move |file| commit(file, &task, fence, &sent)).await
    }

    async fn apply(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl TaskReader for Writer {
    fn capabilities(&self) -> &Capabilities {
        self.reader.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.reader.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.reader.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.reader.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.reader.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.reader.searcher()
    }
}
