//! `store copy`, `export`, `import` and `verify`.

mod bar;
mod copy;
mod export;
mod import;
mod show;
mod verify;

use store::{
    Database, Error, ErrorKind,
    backend::{Name, TaskId},
    transfer::MoveOptions,
};

pub(crate) use self::{copy::copy, export::export, import::import, verify::verify};
use crate::{Failure, args::Bring};

/// The tasks that are meant: one partition, or all that there are.
async fn tasks(
    database: &Database,
    application: &Name,
    partition: Option<u32>,
) -> Result<Vec<TaskId>, Failure> {
    if let Some(partition) = partition {
        return Ok(vec![TaskId::new(application.as_str(), partition)?]);
    }
    let tasks = database.tasks(application.as_str()).await?;
    Ok(tasks.into_iter().map(|summary| summary.task).collect())
}

/// `NotFound` where there is nothing to do.
fn some(tasks: Vec<TaskId>, application: &Name) -> Result<Vec<TaskId>, Failure> {
    if tasks.is_empty() {
        let message = format!("application {application} has no tasks");
        return Err(Error::new(ErrorKind::NotFound, message).into());
    }
    Ok(tasks)
}

fn options(bring: &Bring) -> MoveOptions {
    let mut options = MoveOptions::default();
    options.replace = bring.replace;
    options.batch_entries = bring.batch.get();
    options
}

/// What names standard input or output.
const STANDARD: &str = "-";
