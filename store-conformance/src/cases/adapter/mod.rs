//! What a backend owes to the engine: bytes, pages, commits, fences.

pub(crate) mod checkpoints;
pub(crate) mod fencing;
pub(crate) mod fresh;
pub(crate) mod kills;
pub(crate) mod limits;
pub(crate) mod lives;
pub(crate) mod onlookers;
pub(crate) mod pages;
pub(crate) mod reading;
pub(crate) mod rivals;
pub(crate) mod tasks;

use std::fmt::Debug;

use anyhow::{Result, bail, ensure};
use store_core::{
    Error, ErrorKind,
    backend::{MapId, TaskReader},
};

use crate::waist::{Model, all, key};

/// One entry, of this value.
fn model(value: &str) -> Model {
    [(key("key"), key(value))].into()
}

/// Fails where a map holds something else than it should; `when` says after what.
async fn holds(reader: &dyn TaskReader, map: MapId, expected: &Model, when: &str) -> Result<()> {
    let found = all(reader, map).await?;
    let lacks = expected.keys().filter(|key| !found.contains_key(*key)).count();
    let more = found.keys().filter(|key| !expected.contains_key(*key)).count();
    let others = found.len()
        - more
        - found.iter().filter(|(key, value)| expected.get(*key) == Some(value)).count();
    ensure!(
        found == *expected,
        "{when}: {map} has {} entries: of the {} expected it lacks {lacks}, {others} have another value, and {more} \
         are not expected",
        found.len(),
        expected.len(),
    );
    Ok(())
}

/// Fails where a call is not refused with this kind; `what` says which call.
fn refused<T: Debug>(result: Result<T, Error>, expected: ErrorKind, what: &str) -> Result<()> {
    match result {
        Err(error) if error.kind() == expected => Ok(()),
        Err(error) => bail!("{what}: {} instead of {expected}: {error}", error.kind()),
        Ok(_) => bail!("{what}: accepted instead of {expected}"),
    }
}
