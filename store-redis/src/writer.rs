//! The owner's side of one task: one script per commit.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use redis::ScriptInvocation;
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, Commit, KeyRange, MapChange, MapId, Order, Page, PageLimit, Put,
        Searcher, TaskReader, TaskWriter,
    },
};

use crate::{layout::map_name, reader::Reader, script::COMMIT};

/// Entries of the largest commit; the server stands still while one is applied.
pub const MAX_COMMIT_ENTRIES: usize = 100_000;

/// Bytes of keys and values of the largest commit.
pub const MAX_COMMIT_BYTES: usize = 64 << 20;

/// Writes one task under the fence of its claim.
#[derive(Debug)]
pub(crate) struct Writer {
    reader: Reader,
    fence: String,
}

impl Writer {
    pub(crate) const fn new(reader: Reader, fence: String) -> Self {
        Self { reader, fence }
    }
}

fn check_size(commit: &Commit) -> Result<()> {
    let weight = |(key, put): (&Bytes, &Option<Put>)| {
        key.len() + put.as_ref().map_or(0, |put| put.value.len())
    };
    let bytes = |change: &MapChange| match change {
        MapChange::Drop => 0,
        MapChange::Write(writes) => writes.iter().map(weight).sum(),
    };
    let (entries, bytes) = (commit.len(), commit.changes().values().map(bytes).sum::<usize>());
    if entries <= MAX_COMMIT_ENTRIES && bytes <= MAX_COMMIT_BYTES {
        return Ok(());
    }
    let message = format!(
        "a commit of {entries} entries and {bytes} bytes is above the limit of {MAX_COMMIT_ENTRIES} and \
         {MAX_COMMIT_BYTES}: roll back and commit more often"
    );
    Err(Error::new(ErrorKind::TooLarge, message))
}

fn add_writes(
    script: &mut ScriptInvocation<'_>,
    writes: &std::collections::BTreeMap<Bytes, Option<Put>>,
) {
    let puts = writes.iter().filter_map(|(key, put)| Some((key, put.as_ref()?)));
    let deletes = writes.iter().filter(|(_, put)| put.is_none());
    script.arg(puts.clone().count());
    for (key, put) in puts {
        script.arg(&key[..]).arg(&put.value[..]);
    }
    script.arg(deletes.clone().count());
    for (key, _) in deletes {
        script.arg(&key[..]);
    }
}

#[async_trait]
impl TaskWriter for Writer {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        check_size(commit)?;
        let keys = &self.reader.keys;
        let sequence = commit.sequence();
        let mut script = COMMIT.prepare_invoke();
        script.key(keys.task()).key(keys.maps());
        script
            .arg(&self.fence)
            .arg(sequence - 1)
            .arg(sequence)
            .arg(&commit.encoded_checkpoint()[..]);
        let written = commit.changes().iter().filter_map(|(map, change)| match change {
            MapChange::Write(writes) => Some((*map, writes)),
            MapChange::Drop => None,
        });
        script.arg(written.clone().count());
        for (map, writes) in written {
            script.key(keys.values(map)).key(keys.order(map)).arg(map_name(map));
            add_writes(&mut script, writes);
        }
        for (map, _) in commit.changes().iter().filter(|(_, change)| **change == MapChange::Drop) {
            script.key(keys.values(*map)).key(keys.order(*map)).arg(map_name(*map));
        }
        let done: redis::RedisResult<String> =
            script.invoke_async(&mut self.reader.connection.clone()).await;
        done.map(drop).map_err(keys.failed("commit"))
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
        None
    }
}
