//! Moving a task's state from one place to another: between databases, into a file and out of one.
//!
//! Nothing here knows a backend: entries are moved as the bytes that are stored, with everything that the checkpoint
//! remembers, so that a program goes on at the other place as if nothing had happened. Only the epoch and the number of
//! the last commit are each place's own.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use store::{prelude::*, backend::TaskId, transfer::{self, MoveOptions}};
//!
//! static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
//!
//! let (old, new) = (store::connect("memory:").await?, store::connect("memory:").await?);
//! let task = old.task("word-count", 0).store(&COUNTS).open().await?;
//! task.store(&COUNTS)?.put(&"word".to_owned(), &5).await?;
//! task.commit([("words.txt", 7)]).await?;
//!
//! let id = TaskId::new("word-count", 0)?;
//! let moved = transfer::copy(&old, &new, &id, &MoveOptions::default(), &|_| {}).await?;
//! assert_eq!(moved.written, 1);
//!
//! let task = new.task("word-count", 0).store(&COUNTS).open().await?;
//! assert_eq!(task.store(&COUNTS)?.get(&"word".to_owned()).await?, Some(5));
//! assert_eq!(task.checkpoint()?.offsets["words.txt"], 7);
//! # Ok::<_, Error>(())
//! # }).unwrap();
//! ```

mod batch;
mod content;
mod copy;
mod export;
mod format;
mod import;
mod read;
mod target;

use store_core::backend::{PageLimit, TaskId};

pub use self::{
    content::{ContentHash, StoreContent, TaskContent},
    copy::copy,
    export::Export,
    import::Import,
    read::content,
};

/// Feeds bytes to the decoder of streams; what is taken must come back the same.
#[cfg(feature = "fuzzing")]
pub fn fuzz(bytes: &[u8]) {
    format::fuzz::streams(bytes);
}

/// Told how far the work has come, after each batch.
pub type Report<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// How far the work has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// To which task.
    pub task: &'a TaskId,
    /// What is being done.
    pub step: Step,
    /// How many entries that was done to, those of an earlier run included.
    pub entries: u64,
    /// About how many there are, where that is known.
    pub total: Option<u64>,
}

/// What is being done with entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// They are moved.
    Moving,
    /// They are read again and compared.
    Checking,
}

/// How state is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MoveOptions {
    /// Removes other state that the target has. Defaults to false.
    pub replace: bool,
    /// Entries of one commit at the target. Defaults to 10 000.
    pub batch_entries: usize,
    /// Bytes of keys and values from which a commit takes no further entry. Defaults to 4 MiB.
    pub batch_bytes: usize,
}

impl MoveOptions {
    const fn batch(&self) -> PageLimit {
        PageLimit::new(self.batch_entries, self.batch_bytes)
    }
}

impl Default for MoveOptions {
    fn default() -> Self {
        let PageLimit { entries, bytes, .. } = BATCH;
        Self { replace: false, batch_entries: entries, batch_bytes: bytes }
    }
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Which task.
    pub task: TaskId,
    /// What it holds, at both places.
    pub content: TaskContent,
    /// How many entries were written now.
    pub written: u64,
    /// How it came there.
    pub outcome: Outcome,
}

impl Moved {
    fn new(task: &TaskId, content: TaskContent, written: u64, outcome: Outcome) -> Self {
        Self { task: task.clone(), content, written, outcome }
    }
}

/// How state came to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// All of it was moved now.
    Moved,
    /// What an earlier run had left was moved now.
    Resumed,
    /// All of it was there already.
    AlreadyThere,
}

/// What is read or moved at once where nobody says otherwise.
const BATCH: PageLimit = PageLimit::new(10_000, 4 << 20);
