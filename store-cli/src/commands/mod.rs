//! The commands, one a file.

pub(crate) mod describe;
pub(crate) mod destroy;
pub(crate) mod get;
pub(crate) mod scan;
pub(crate) mod shell;
pub(crate) mod tasks;

use std::collections::BTreeMap;

use store::{
    Database, Error, ErrorKind, ReadMaps, Result,
    backend::{TaskId, TaskSummary},
};

/// What is known of a task without claiming it.
async fn summary(database: &Database, id: &TaskId) -> Result<TaskSummary> {
    let tasks = database.tasks(id.application.as_str()).await?;
    let found = tasks.into_iter().find(|summary| summary.task == *id);
    found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no task {id}")))
}

/// A key-value store of a task that somebody else may own.
async fn key_value(database: &Database, id: &TaskId, store: &str) -> Result<ReadMaps> {
    let task = database.read(id.application.as_str(), id.partition).await?;
    let maps = task.maps(store).await?;
    let kind = &maps.spec().kind;
    if kind == "key_value" {
        return Ok(maps);
    }
    let message =
        format!("store {store} of task {id} is of kind {kind}: only key_value can be read here");
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// Offsets on one line, for a column of a table.
fn offsets(offsets: &BTreeMap<String, i64>) -> String {
    let offsets: Vec<_> = offsets.iter().map(|(source, next)| format!("{source}={next}")).collect();
    offsets.join(" ")
}
