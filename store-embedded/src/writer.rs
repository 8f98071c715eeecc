//! The owner's side of one task: one atomic, synced batch per commit.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Effect, Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, Commit, Fence, KeyRange, LocalReader, MapChange, MapId, Order,
        Page, PageLimit, Searcher, TaskId, TaskReader, TaskWriter,
    },
};

use crate::{
    backend::blocking,
    handles::Handles,
    layout::{MARK, Record, key, task_key},
    reader::Reader,
    shared::Shared,
    step::{CLEANED, NOTED, WRITING, WRITTEN, step},
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
    let _turn = shared.turn()?;
    let written = shared.again_after_poison(|handles| {
        let record = handles.view().record(task)?;
        if is_decided(&record, task, fence, commit)? {
            return Ok(());
        }
        write(shared, handles, task, record, commit)
    });
    match written {
        Ok(()) => {}
        // The engine is opened anew by now: it says whether the batch is in the journal.
        Err(error) if error.effect() == Effect::Unknown => {
            let unknown = |error: Error| error.with_effect(Effect::Unknown);
            let handles = shared.engine.in_use().map_err(unknown)?;
            let record = handles.view().record(task).map_err(unknown)?;
            if !is_decided(&record, task, fence, commit).map_err(unknown)? {
                return Err(error.with_effect(Effect::NotApplied));
            }
            // After a sync that failed nothing says that the disk has it: it is written once more.
            write(shared, &handles, task, record, commit).map_err(unknown)?;
        }
        Err(error) => return Err(error),
    }
    if shared.engine.is_synced() {
        shared.acknowledged.note(task, fence.epoch, commit.sequence());
        step(NOTED);
    }
    clean_up(shared, task, commit);
    step(CLEANED);
    Ok(())
}

/// Whether the commit is in already; `Fenced` and `SequenceGap` where it may not come in.
fn is_decided(record: &Record, task: &TaskId, fence: Fence, commit: &Commit) -> Result<bool> {
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
    let mut touched = Vec::new();
    for (map, change) in commit.changes() {
        let MapChange::Write(writes) = change else {
            record.maps.remove(map);
            continue;
        };
        let keyspace = handles.map_or_new(task, *map)?;
        record.maps.insert(*map, commit.sequence());
        batch.insert(&keyspace, MARK, commit.sequence().to_be_bytes());
        for (user_key, put) in writes {
            match put {
                Some(put) => batch.insert(&keyspace, &key(user_key)[..], &put.value[..]),
                None => batch.remove(&keyspace, &key(user_key)[..]),
            }
        }
        touched.push(keyspace);
    }
    let view = handles.view();
    batch.insert(&view.tasks, task_key(task), record.encode(commit.encoded_checkpoint()));
    touched.push(view.tasks.clone());
    let room = handles.wait_for_room(&touched);
    room.map_err(|error| view.failed("commit", error))?;
    step(WRITING);
    let written = batch.commit();
    written.map_err(|error| view.failed("commit", error).with_effect(Effect::Unknown))?;
    step(WRITTEN);
    handles.publish(task, &dropped(commit));
    Ok(())
}

fn dropped(commit: &Commit) -> Vec<MapId> {
    let changes = commit.changes().iter();
    let dropped = changes.filter(|(_, change)| matches!(change, MapChange::Drop));
    dropped.map(|(map, _)| *map).collect()
}

/// Removes dropped maps, and bounds memory. What a crash leaves of a map is swept by the next claim.
fn clean_up(shared: &Shared, task: &TaskId, commit: &Commit) {
    let clean = || {
        let handles = shared.engine.in_use()?;
        let view = handles.view();
        let bounded = handles.bound_memory(&view);
        bounded.map_err(|error| view.failed("write out recent writes", error))?;
        drop(view);
        dropped(commit).into_iter().try_for_each(|map| handles.remove(task, map))
    };
    if let Err(error) = clean() {
        tracing::warn!(%task, %error, "cleaning up after a commit failed; it will be tried again");
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

    fn local(&self) -> Option<&dyn LocalReader> {
        self.reader.local()
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
