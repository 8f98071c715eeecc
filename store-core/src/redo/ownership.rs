//! Whose record it is: ours, a later owner's, or one the database has lost.

use super::{Meta, claim::fenced};
use crate::{
    Error, ErrorKind, Result,
    backend::{Fence, TaskId},
};

/// The record, if it is ours. `Fenced` if a later owner has it.
///
/// `Corrupt` if it went back behind our acknowledged claim: the data did not go back with it.
pub(super) fn check_ours(task: &TaskId, ours: Fence, stored: Option<Meta>) -> Result<Meta> {
    match stored {
        None => Err(lost(task, "is gone")),
        Some(meta) if meta.fence.epoch < ours.epoch => Err(lost(task, "has an earlier owner")),
        Some(meta) if meta.fence != ours => Err(fenced(task)),
        Some(meta) => Ok(meta),
    }
}

pub(super) fn lost(task: &TaskId, what: &str) -> Error {
    let message = format!(
        "the record of task {task} {what}, so the database has lost acknowledged changes: restore it from a copy"
    );
    Error::new(ErrorKind::Corrupt, message)
}
