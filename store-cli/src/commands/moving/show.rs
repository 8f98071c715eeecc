//! Lines about tasks that were moved or looked at.

use std::collections::BTreeMap;

use serde::Serialize;
use store::{
    backend::TaskId,
    transfer::{Moved, Outcome, StoreContent, TaskContent},
};

use crate::{Failure, output::Output};

/// What a task holds.
#[derive(Serialize)]
pub(super) struct Content {
    application: String,
    partition: u32,
    entries: u64,
    bytes: u64,
    hash: String,
    offsets_hash: String,
    stores: BTreeMap<String, Store>,
}

#[derive(Serialize)]
struct Store {
    entries: u64,
    bytes: u64,
    hash: String,
}

/// What became of a task.
#[derive(Serialize)]
struct Line {
    outcome: &'static str,
    written: u64,
    #[serde(flatten)]
    content: Content,
}

impl Content {
    pub(super) fn new(task: &TaskId, content: &TaskContent) -> Self {
        let store = |(name, store): (&String, &StoreContent)| {
            let StoreContent { hash, entries, bytes, .. } = store;
            (name.clone(), Store { entries: *entries, bytes: *bytes, hash: hash.to_string() })
        };
        Self {
            application: task.application.to_string(),
            partition: task.partition,
            entries: content.entries(),
            bytes: content.bytes(),
            hash: content.hash.to_string(),
            offsets_hash: content.offsets.to_string(),
            stores: content.stores.iter().map(store).collect(),
        }
    }

    /// A row for the task, and one for each store.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let row = |store: &str, entries: u64, bytes: u64, hash: &str| {
            let partition = self.partition.to_string();
            vec![
                partition,
                store.to_owned(),
                entries.to_string(),
                bytes.to_string(),
                hash.to_owned(),
            ]
        };
        let stores = self.stores.iter();
        let stores = stores.map(|(name, s)| row(name, s.entries, s.bytes, &s.hash));
        let task = row("(all)", self.entries, self.bytes, &self.hash);
        std::iter::once(task).chain(stores).collect()
    }
}

/// The titles of [`Content::rows`].
pub(super) const TITLES: [&str; 5] = ["PARTITION", "STORE", "ENTRIES", "BYTES", "HASH"];

/// One line about a task that was moved.
pub(super) fn moved(moved: &Moved, output: &mut Output) -> Result<(), Failure> {
    let content = Content::new(&moved.task, &moved.content);
    if output.is_json() {
        let outcome = outcome(moved.outcome);
        output.json(&Line { outcome, written: moved.written, content })?;
    } else {
        output.line(&sentence(moved))?;
    }
    output.flush()
}

/// The same for people.
pub(super) fn sentence(moved: &Moved) -> String {
    let Moved { task, content, written, .. } = moved;
    let (entries, hash) = (content.entries(), content.hash);
    let what = match moved.outcome {
        Outcome::AlreadyThere => "was there already".to_owned(),
        Outcome::Resumed => format!("went on, {written} entries were written"),
        _ => "was moved".to_owned(),
    };
    format!("task {task} {what}: {entries} entries, content {hash}")
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Moved => "moved",
        Outcome::Resumed => "resumed",
        Outcome::AlreadyThere => "already_there",
        _ => "done",
    }
}
