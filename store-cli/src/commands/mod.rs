//! The commands, one a file.

pub(crate) mod conformance;
pub(crate) mod describe;
pub(crate) mod destroy;
pub(crate) mod get;
mod line;
pub(crate) mod moving;
mod reader;
pub(crate) mod scan;
pub(crate) mod shell;
pub(crate) mod tasks;

use std::collections::BTreeMap;

use store::{
    Database, Error, ErrorKind, Result,
    backend::{TaskId, TaskSummary},
};

/// What is known of a task without claiming it.
async fn summary(database: &Database, id: &TaskId) -> Result<TaskSummary> {
    let tasks = database.tasks(id.application.as_str()).await?;
    let found = tasks.into_iter().find(|summary| summary.task == *id);
    found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no task {id}")))
}

/// Offsets on one line, for a column of a table.
fn offsets(offsets: &BTreeMap<String, i64>) -> String {
    let offsets: Vec<_> = offsets.iter().map(|(source, next)| format!("{source}={next}")).collect();
    offsets.join(" ")
}
