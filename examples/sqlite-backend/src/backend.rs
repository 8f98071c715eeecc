//! The backend: tasks are claimed, read, listed and destroyed.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use rusqlite::{Transaction, params};
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Backend, Checkpoint, Claim, Fence, Name, OwnerId, StoreSpec, TaskId, TaskReader,
        TaskSummary,
    },
};

use crate::{
    SqliteConfig, error::Stop, file::File, layout::Record, reader::Reader, writer::Writer,
};

/// Keeps tasks in an SQLite file, which any number of processes may open. A cheap clone.
#[derive(Clone, Debug)]
pub struct SqliteBackend {
    file: Arc<File>,
}

impl SqliteBackend {
    /// Opens a file, making it where it is not there; its folder must be there.
    ///
    /// `Config` for a file of something else, `SchemaMismatch` for one of a newer release, `Locked` while somebody else
    /// writes for too long.
    pub async fn open(path: impl AsRef<Path>, config: SqliteConfig) -> Result<Self> {
        Ok(Self { file: File::open(path.as_ref(), config).await? })
    }
}

/// Raises the epoch and records the owner, in one statement, unless it is its own claim repeated.
fn claim(transaction: &Transaction<'_>, task: &TaskId, owner: OwnerId) -> Result<Record, Stop> {
    let sql = "
        INSERT INTO tasks (application, partition, epoch, owner, life, checkpoint) VALUES (?, ?, 1, ?, 0, ?)
        ON CONFLICT DO UPDATE SET epoch = epoch + (owner IS NOT excluded.owner), owner = excluded.owner
        RETURNING id, epoch, owner, life, checkpoint";
    let empty = Checkpoint::default().encode();
    let columns = params![task.application.as_str(), task.partition, owner.to_string(), &empty[..]];
    transaction.query_one(sql, columns, |row| Ok(Record::of_row(row)))?
}

/// The record of a task that is there: claimed, and not destroyed since.
fn existing(transaction: &Transaction<'_>, task: &TaskId) -> Result<Record, Stop> {
    let record = Record::find(transaction, task)?.filter(|record| record.owner.is_some());
    let missing = || Error::new(ErrorKind::NotFound, format!("there is no task {task}"));
    Ok(record.ok_or_else(missing)?)
}

/// Takes everything of a task but its epoch, and takes it from its owner.
fn destroy(transaction: &Transaction<'_>, task: &TaskId) -> Result<(), Stop> {
    let record = existing(transaction, task)?;
    transaction.execute("DELETE FROM entries WHERE task = ?", [record.id])?;
    let sql = "UPDATE tasks SET epoch = epoch + 1, owner = NULL, life = life + 1, checkpoint = ? WHERE id = ?";
    transaction.execute(sql, params![&Checkpoint::default().encode()[..], record.id])?;
    Ok(())
}

fn list(transaction: &Transaction<'_>, application: &Name) -> Result<Vec<TaskSummary>, Stop> {
    let sql = "
        SELECT id, epoch, owner, life, checkpoint, partition FROM tasks
        WHERE application = ? AND owner IS NOT NULL ORDER BY partition";
    let mut found = transaction.prepare(sql)?;
    let mut rows = found.query([application.as_str()])?;
    let mut summaries = Vec::new();
    while let Some(row) = rows.next()? {
        let Record { epoch, checkpoint, .. } = Record::of_row(row)?;
        let task = TaskId::new(application.as_str(), row.get(5)?)?;
        summaries.push(TaskSummary::new(task, epoch, checkpoint));
    }
    Ok(summaries)
}

#[async_trait]
impl Backend for SqliteBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        let id = task.clone();
        let claimed =
            self.file.write(format!("claim task {task}"), move |file| claim(file, &id, owner));
        let record = claimed.await?;
        let reader = Reader::of_owner(self.file.clone(), task.clone(), record.id);
        let writer = Writer::new(reader, Fence::new(record.epoch, owner));
        Ok(Claim::new(Arc::new(writer), record.checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let id = task.clone();
        let found = self.file.read(format!("open task {task}"), move |file| existing(file, &id));
        let Record { id, life, .. } = found.await?;
        Ok(Arc::new(Reader::of_anybody(self.file.clone(), task.clone(), id, life)))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let name = application.clone();
        let doing = format!("list the tasks of {application}");
        self.file.read(doing, move |file| list(file, &name)).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        let id = task.clone();
        self.file.write(format!("destroy task {task}"), move |file| destroy(file, &id)).await
    }
}
