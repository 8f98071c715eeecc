//! What goes over the pipe.

use std::ops::Bound;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store_core::{
    Effect, Error, ErrorKind, Result,
    backend::{
        Capabilities, Changes, Checkpoint, Commit, KeyRange, MapChange, MapId, Name, Order,
        OwnerId, Page, PageLimit, Put, StoreSpec, TaskId, TaskSummary,
    },
};

/// To the process; each has a number of its own, by which it is answered.
#[derive(Serialize, Deserialize)]
pub(super) enum Request {
    /// A new handle of the backend.
    Open,
    Claim(u64, TaskId, OwnerId, Vec<StoreSpec>),
    Read(u64, TaskId),
    Tasks(u64, Name),
    Destroy(u64, TaskId),
    GetMany(u64, Vec<(MapId, Bytes)>),
    Scan(u64, MapId, Range, Order, (usize, usize)),
    ApproximateLen(u64, MapId),
    Checkpoint(u64),
    Commit(u64, Frozen),
    Apply(u64),
    Close(u64),
    /// A handle is dropped. Not answered.
    Release(u64),
    /// Nobody waits for this request any more. Not answered.
    Cancel(u64),
}

type Range = (Bound<Bytes>, Bound<Bytes>);

/// From the process.
#[derive(Serialize, Deserialize)]
pub(super) enum Reply {
    Handle(u64),
    Task { handle: u64, checkpoint: Option<Bytes>, capabilities: Abilities },
    Tasks(Vec<(TaskId, u64, Bytes)>),
    Values(Vec<Option<Bytes>>),
    Page(Vec<(Bytes, Bytes)>, Option<Bytes>),
    Len(u64),
    Checkpoint(Bytes),
    Done,
    Failed { kind: String, effect: String, message: String },
}

/// A commit, map by map; none is a map that is dropped.
#[derive(Serialize, Deserialize)]
pub(super) struct Frozen {
    checkpoint: Bytes,
    changes: Vec<(MapId, Option<Vec<Write>>)>,
}

type Write = (Bytes, Option<(Bytes, Option<Box<str>>)>);

#[derive(Serialize, Deserialize)]
pub(super) struct Abilities {
    backend: String,
    persistent: bool,
    exact_len: bool,
    max_key_bytes: usize,
    max_value_bytes: usize,
}

impl From<&Commit> for Frozen {
    fn from(commit: &Commit) -> Self {
        let put = |put: &Put| (put.value.clone(), put.fields.clone());
        let change = |change: &MapChange| match change {
            MapChange::Drop => None,
            MapChange::Write(writes) => {
                let write =
                    |(key, value): (&Bytes, &Option<Put>)| (key.clone(), value.as_ref().map(put));
                Some(writes.iter().map(write).collect())
            }
        };
        let changes = commit.changes().iter().map(|(map, changed)| (*map, change(changed)));
        Self { checkpoint: commit.encoded_checkpoint().clone(), changes: changes.collect() }
    }
}

impl Frozen {
    pub(super) fn commit(self) -> Result<Commit> {
        let put = |(value, fields)| {
            let mut put = Put::new(value);
            put.fields = fields;
            put
        };
        let change = |writes: Option<Vec<Write>>| match writes {
            None => MapChange::Drop,
            Some(writes) => {
                let writes = writes.into_iter().map(|(key, value)| (key, value.map(put)));
                MapChange::Write(writes.collect())
            }
        };
        let changes: Changes =
            self.changes.into_iter().map(|(map, writes)| (map, change(writes))).collect();
        Ok(Commit::new(Checkpoint::decode(&self.checkpoint)?, changes))
    }
}

impl From<&Capabilities> for Abilities {
    fn from(capabilities: &Capabilities) -> Self {
        Self {
            backend: capabilities.backend.to_owned(),
            persistent: capabilities.persistent,
            exact_len: capabilities.exact_len,
            max_key_bytes: capabilities.max_key_bytes,
            max_value_bytes: capabilities.max_value_bytes,
        }
    }
}

impl Abilities {
    pub(super) fn capabilities(self) -> Capabilities {
        // A few bytes for each handle of a test.
        let backend = self.backend.leak();
        let mut capabilities = Capabilities::new(backend, self.max_key_bytes, self.max_value_bytes);
        (capabilities.persistent, capabilities.exact_len) = (self.persistent, self.exact_len);
        capabilities
    }
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        let (kind, effect) = (error.kind().to_string(), error.effect().to_string());
        Self::Failed { kind, effect, message: error.to_string() }
    }
}

impl Reply {
    pub(super) fn tasks(tasks: Vec<TaskSummary>) -> Self {
        let task = |task: TaskSummary| (task.task, task.epoch, task.checkpoint.encode());
        Self::Tasks(tasks.into_iter().map(task).collect())
    }

    pub(super) fn page(page: Page) -> Self {
        Self::Page(page.entries, page.resume)
    }

    /// The error, where it is one.
    pub(super) fn succeeded(self) -> Result<Self> {
        let Self::Failed { kind, effect, message } = self else { return Ok(self) };
        let kind = KINDS.into_iter().find(|known| known.to_string() == kind);
        let kind = kind.unwrap_or_else(|| panic!("an error of an unknown kind: {message}"));
        let effects = [Effect::Applied, Effect::NotApplied, Effect::Unknown];
        let effect = effects.into_iter().find(|known| known.to_string() == effect);
        Err(Error::new(kind, message).with_effect(effect.unwrap_or(Effect::Unknown)))
    }
}

pub(super) fn range(range: &KeyRange) -> Range {
    (range.start.clone(), range.end.clone())
}

pub(super) const fn limit((entries, bytes): (usize, usize)) -> PageLimit {
    PageLimit::new(entries, bytes)
}

const KINDS: [ErrorKind; 21] = [
    ErrorKind::Fenced,
    ErrorKind::SequenceGap,
    ErrorKind::Locked,
    ErrorKind::Closed,
    ErrorKind::InvalidArgument,
    ErrorKind::InvalidKey,
    ErrorKind::TooLarge,
    ErrorKind::BufferFull,
    ErrorKind::Encode,
    ErrorKind::Decode,
    ErrorKind::SchemaMismatch,
    ErrorKind::Unsupported,
    ErrorKind::NotFound,
    ErrorKind::Config,
    ErrorKind::Unauthenticated,
    ErrorKind::PermissionDenied,
    ErrorKind::Throttled,
    ErrorKind::Unavailable,
    ErrorKind::Timeout,
    ErrorKind::OutOfSpace,
    ErrorKind::Corrupt,
];
