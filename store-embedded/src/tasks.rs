//! Claiming, finding and destroying tasks: what becomes of their records. All of it is done in turn.

use fjall::Readable;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Fence, MapId, Name, OwnerId, TaskId, TaskSummary},
};

use crate::{
    error::caught,
    layout::{Record, application_key, map_of_keyspace, partition, task_key},
    shared::Shared,
    step::{CLAIMED, CLAIMING, step},
};

impl Shared {
    /// Writes a record by itself, synced. Maps it does not name any more are gone with it.
    fn write_record(&self, task: &TaskId, record: &Record, gone: &[MapId]) -> Result<()> {
        self.again_after_poison(|handles| {
            let mut batch = handles.database.batch().durability(Some(self.engine.persist_mode()));
            let view = handles.view();
            let encoded = record.encode(&record.checkpoint.encode());
            batch.insert(&view.tasks, task_key(task), encoded);
            batch.commit().map_err(|error| view.failed("record a claim", error))?;
            handles.publish(task, gone);
            Ok(())
        })
    }

    /// The record of a task that is there and whole.
    pub(crate) fn existing(&self, task: &TaskId) -> Result<Record> {
        // Without the turn a commit in between would look like one that was lost.
        let _turn = self.turn()?;
        let record = self.whole(task)?;
        self.check_there(task, &record)?;
        Ok(record)
    }

    /// The record of a task that has all that it names. Called in turn, which a panic over damaged files does not end.
    fn whole(&self, task: &TaskId) -> Result<Record> {
        caught(|| {
            let record = self.engine.in_use()?.view().record(task)?;
            self.check_whole(task, &record)?;
            Ok(record)
        })
    }

    fn check_there(&self, task: &TaskId, record: &Record) -> Result<()> {
        if !record.destroyed {
            return Ok(());
        }
        let message = format!("there is no task {task} in {}", self.engine.path().display());
        Err(Error::new(ErrorKind::NotFound, message))
    }

    pub(crate) fn claim(&self, task: &TaskId, owner: OwnerId) -> Result<Record> {
        let _turn = self.turn()?;
        let mut record = self.whole(task)?;
        if record.fence.owner != owner || record.destroyed {
            record.fence = Fence::new(record.fence.epoch + 1, owner);
            record.destroyed = false;
            step(CLAIMING);
            self.write_record(task, &record, &[])?;
            step(CLAIMED);
        }
        self.sweep(task, &record)?;
        Ok(record)
    }

    pub(crate) fn destroy(&self, task: &TaskId) -> Result<()> {
        let _turn = self.turn()?;
        // Whole or not: destroying is what is left to do with a damaged task.
        let record = caught(|| self.engine.in_use()?.view().record(task))?;
        self.check_there(task, &record)?;
        let epoch = record.fence.epoch + 1;
        let fence = Fence::new(epoch, OwnerId::random());
        let gone: Vec<_> = record.maps.into_keys().collect();
        let record = Record { fence, born: epoch, ..Record::new() };
        self.write_record(task, &record, &gone)?;
        self.acknowledged.forget(task)?;
        self.sweep(task, &record)
    }

    /// `Corrupt` where the journal lost a synced commit.
    fn check_acknowledged(&self, task: &TaskId, record: &Record) -> Result<()> {
        if self.engine.is_synced() { self.acknowledged.check(task, record) } else { Ok(()) }
    }

    /// `Corrupt` where the engine opened and has not all that was acknowledged.
    fn check_whole(&self, task: &TaskId, record: &Record) -> Result<()> {
        self.check_acknowledged(task, record)?;
        let handles = self.engine.in_use()?;
        let view = handles.view();
        for (map, last) in &record.maps {
            if view.mark(task, *map)? != Some(*last) {
                let message = format!(
                    "{map} of task {task} has not all that was written to it up to commit {last}: the files in {} are \
                     damaged. Restore the directory from a copy, or destroy the task and rebuild it from its sources",
                    self.engine.path().display()
                );
                return Err(Error::new(ErrorKind::Corrupt, message));
            }
        }
        Ok(())
    }

    /// The tasks of an application that are there, by partition; `Corrupt` where one was lost.
    pub(crate) fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let _turn = self.turn()?;
        caught(|| self.summaries(application))
    }

    fn summaries(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let handles = self.engine.in_use()?;
        let view = handles.view();
        let mut summaries = Vec::new();
        for guard in view.snapshot.prefix(&view.tasks, application_key(application)) {
            let entry = guard.into_inner();
            let (key, value) = entry.map_err(|error| view.failed("list tasks", error))?;
            let record = Record::decode(&value)?;
            if let Some(partition) = partition(application, &key).filter(|_| !record.destroyed) {
                let task = TaskId::new(application.as_str(), partition)?;
                summaries.push(TaskSummary::new(task, record.fence.epoch, record.checkpoint));
            }
        }
        for task in self.acknowledged.tasks(application)? {
            self.check_acknowledged(&task, &view.record(&task)?)?;
        }
        Ok(summaries)
    }

    /// Removes the maps of a task that its record does not name.
    fn sweep(&self, task: &TaskId, record: &Record) -> Result<()> {
        let handles = self.engine.in_use()?;
        let names = handles.database.list_keyspace_names().into_iter();
        let unnamed = names.filter_map(|name| {
            let (owner, map) = map_of_keyspace(&name)?;
            (owner == *task && !record.maps.contains_key(&map)).then_some(map)
        });
        let gone: Vec<_> = unnamed.collect();
        if gone.is_empty() {
            return Ok(());
        }
        // The view may have one that a failed commit made: whoever wrote to it later would write to what is removed.
        handles.publish(task, &gone);
        gone.into_iter().try_for_each(|map| handles.remove(task, map))
    }
}

#[cfg(test)]
mod tests {
    use store_core::backend::{MapId, TaskId};

    use crate::{EmbeddedConfig, layout::Record, shared::Shared};

    #[test]
    fn a_map_that_is_swept_is_in_no_view() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared::open(folder.path(), &EmbeddedConfig::default()).unwrap();
        let (task, map) = (TaskId::new("app", 0).unwrap(), MapId::whole(1));
        let handles = shared.engine.in_use().unwrap();
        // As a commit leaves it that fails behind this.
        handles.map_or_new(&task, map).unwrap();
        assert!(handles.view().map(&task, map).is_some());
        shared.sweep(&task, &Record::new()).unwrap();
        assert!(handles.view().map(&task, map).is_none());
    }
}
