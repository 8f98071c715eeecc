//! The owner's side of one task: one atomic, synced batch per commit.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Effect, Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, Commit, Fence, KeyRange, MapChange, MapId, Order, Page,
        PageLimit, Searcher, TaskId, TaskReader, TaskWriter,
    },
};

use crate::{
    backend::{Shared, blocking},
    engine::Handles,
    layout::{MARK, Record, TASKS, key, keyspace, task_key},
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

/// Commits, on a blocking thread. One at a time per directory, as the engine's journal is one.
fn commit(shared: &Shared, task: &TaskId, fence: Fence, commit: &Commit) -> Result<()> {
    let _turn = shared.turn();
    let written = shared.again_after_poison(|handles| {
        if is_decided(shared, handles, task, fence, commit)? {
            return Ok(());
        }
        write(shared, handles, task, shared.record(handles, task)?, commit)
    });
    match written {
        Ok(()) => {}
        // The engine is opened anew by now: it says whether the batch is in the journal.
        Err(error) if error.effect() == Effect::Unknown => {
            let handles = shared.engine.in_use().map_err(|e| e.with_effect(Effect::Unknown))?;
            if !is_decided(shared, &handles, task, fence, commit)? {
                return Err(error.with_effect(Effect::NotApplied));
            }
            let synced = handles.database.persist(fjall::PersistMode::SyncAll);
            synced.map_err(|e| handles.failed("sync", e).with_effect(Effect::Unknown))?;
        }
        Err(error) => return Err(error),
    }
    if shared.engine.is_synced() {
        shared.acknowledged.note(task, fence.epoch, commit.sequence());
    }
    drop_maps(shared, task, commit);
    Ok(())
}

/// Whether the commit is in already; `Fenced` and `SequenceGap` where it may not come in.
fn is_decided(
    shared: &Shared,
    handles: &Handles,
    task: &TaskId,
    fence: Fence,
    commit: &Commit,
) -> Result<bool> {
    let record = shared.record(handles, task)?;
    if record.fence != fence {
        let message = format!("task {task} was claimed by a later owner: give it up");
        return Err(Error::new(ErrorKind::Fenced, message));
    }
    let (stored, sent) = (record.checkpoint.sequence, commit.sequence());
    if stored != sent && stored + 1 != sent {
        let message = format!("task {task} is at commit {stored}, got commit {sent}");
        return Err(Error::new(ErrorKind::SequenceGap, message));
    }
    Ok(stored == sent)
}

fn write(
    shared: &Shared,
    handles: &Handles,
    task: &TaskId,
    mut record: Record,
    commit: &Commit,
) -> Result<()> {
    let mut batch = handles.database.batch().durability(Some(shared.engine.persist_mode()));
    for (map, change) in commit.changes() {
        let MapChange::Write(writes) = change else {
            record.maps.remove(map);
            continue;
        };
        let keyspace = handles.map_or_new(&keyspace(task, *map))?;
        if record.maps.insert(*map) {
            batch.insert(&keyspace, MARK, Bytes::new());
        }
        for (user_key, put) in writes {
            match put {
                Some(put) => batch.insert(&keyspace, key(user_key), put.value.clone()),
                None => batch.remove(&keyspace, key(user_key)),
            }
        }
    }
    batch.insert(&handles.tasks, task_key(task), record.encode(commit.encoded_checkpoint()));
    let written = batch.commit();
    written.map_err(|error| handles.failed("commit", error).with_effect(Effect::Unknown))
}

/// Removes dropped maps. What a crash leaves is not named by the record, so swept by the next claim.
fn drop_maps(shared: &Shared, task: &TaskId, commit: &Commit) {
    let changes = commit.changes().iter();
    let dropped = changes.filter(|(_, change)| matches!(change, MapChange::Drop));
    for (map, _) in dropped {
        let name = keyspace(task, *map);
        debug_assert_ne!(name, TASKS, "no map has the name of the records");
        let result = shared.engine.in_use().and_then(|handles| handles.drop_map(&name));
        if let Err(error) = result {
            tracing::warn!(%task, %map, %error, "a dropped map could not be removed yet");
        }
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

#[async_trait]
impl TaskWriter for Writer {
    async fn commit(&self, sent: &Arc<Commit>) -> Result<()> {
        let Reader { shared, task, .. } = &self.reader;
        let (shared, task, fence, sent) = (shared.clone(), task.clone(), self.fence, sent.clone());
        blocking(move || commit(&shared, &task, fence, &sent)).await
    }

    async fn apply(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
