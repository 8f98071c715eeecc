//! The calls of the waist.

use std::sync::Arc;

use bytes::Bytes;

use super::Size;
use crate::backend::{
    Backend, Commit, KeyRange, MapChange, MapId, Name, Order, OwnerId, PageLimit, StoreSpec,
    TaskId, TaskWriter, search::Query,
};

/// A call of the waist, with what is asked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Call<'a> {
    /// [`Backend::claim`].
    Claim {
        /// Which task.
        task: &'a TaskId,
        /// For whom.
        owner: OwnerId,
        /// With which stores.
        stores: &'a [StoreSpec],
    },
    /// [`Backend::read`].
    Read {
        /// Which task.
        task: &'a TaskId,
    },
    /// [`Backend::tasks`].
    Tasks {
        /// Of which application.
        application: &'a Name,
    },
    /// [`Backend::destroy`].
    Destroy {
        /// Which task.
        task: &'a TaskId,
        /// The backend below.
        below: &'a dyn Backend,
    },
    /// [`TaskReader::get_many`](crate::backend::TaskReader::get_many).
    GetMany {
        /// Which keys of which maps.
        keys: &'a [(MapId, Bytes)],
    },
    /// [`TaskReader::scan`](crate::backend::TaskReader::scan).
    Scan {
        /// Of which map.
        map: MapId,
        /// What part of it.
        range: &'a KeyRange,
        /// In which order.
        order: Order,
        /// How much of it.
        limit: PageLimit,
    },
    /// [`TaskReader::approximate_len`](crate::backend::TaskReader::approximate_len).
    ApproximateLen {
        /// Of which map.
        map: MapId,
    },
    /// [`TaskReader::checkpoint`](crate::backend::TaskReader::checkpoint).
    Checkpoint,
    /// [`Searcher::search`](crate::backend::Searcher::search).
    Search {
        /// In which store.
        store: u32,
        /// For what.
        query: &'a Query,
        /// How much of it.
        limit: PageLimit,
    },
    /// [`TaskWriter::commit`].
    Commit {
        /// What is committed.
        commit: &'a Arc<Commit>,
        /// The writer below.
        below: &'a Arc<dyn TaskWriter>,
    },
    /// [`TaskWriter::apply`].
    Apply,
    /// [`TaskWriter::close`].
    Close,
}

/// Which call of the waist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are named as the methods are")]
pub enum CallKind {
    Claim,
    Read,
    Tasks,
    Destroy,
    GetMany,
    Scan,
    ApproximateLen,
    Checkpoint,
    Search,
    Commit,
    Apply,
    Close,
}

impl Call<'_> {
    /// Which call it is.
    #[must_use]
    pub const fn kind(&self) -> CallKind {
        match self {
            Self::Claim { .. } => CallKind::Claim,
            Self::Read { .. } => CallKind::Read,
            Self::Tasks { .. } => CallKind::Tasks,
            Self::Destroy { .. } => CallKind::Destroy,
            Self::GetMany { .. } => CallKind::GetMany,
            Self::Scan { .. } => CallKind::Scan,
            Self::ApproximateLen { .. } => CallKind::ApproximateLen,
            Self::Checkpoint => CallKind::Checkpoint,
            Self::Search { .. } => CallKind::Search,
            Self::Commit { .. } => CallKind::Commit,
            Self::Apply => CallKind::Apply,
            Self::Close => CallKind::Close,
        }
    }

    /// What it carries to the backend: keys that are asked for, and keys and values that are committed with the checkpoint.
    #[must_use]
    pub fn size(&self) -> Size {
        match self {
            Self::GetMany { keys } => {
                Size::new(keys.len(), keys.iter().map(|(_, key)| key.len()).sum())
            }
            Self::Commit { commit, .. } => {
                let written = commit.changes().values().filter_map(|change| match change {
                    MapChange::Drop => None,
                    MapChange::Write(writes) => Some(writes),
                });
                let bytes = written.flatten().map(|(key, put)| {
                    let fields = |put: &crate::backend::Put| {
                        put.fields.as_ref().map_or(0, |text| text.len())
                    };
                    key.len() + put.as_ref().map_or(0, |put| put.value.len() + fields(put))
                });
                Size::new(commit.len(), bytes.sum::<usize>() + commit.encoded_checkpoint().len())
            }
            _ => Size::default(),
        }
    }
}

impl CallKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Claim,
        Self::Read,
        Self::Tasks,
        Self::Destroy,
        Self::GetMany,
        Self::Scan,
        Self::ApproximateLen,
        Self::Checkpoint,
        Self::Search,
        Self::Commit,
        Self::Apply,
        Self::Close,
    ];

    /// Reads of keys and of pages.
    pub const READS: [Self; 2] = [Self::GetMany, Self::Scan];

    /// Whether it only reads, so that it has no effect, however often it is sent.
    #[must_use]
    pub const fn only_reads(self) -> bool {
        match self {
            Self::Read
            | Self::Tasks
            | Self::GetMany
            | Self::Scan
            | Self::ApproximateLen
            | Self::Checkpoint
            | Self::Search => true,
            Self::Claim | Self::Destroy | Self::Commit | Self::Apply | Self::Close => false,
        }
    }

    /// The method's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Read => "read",
            Self::Tasks => "tasks",
            Self::Destroy => "destroy",
            Self::GetMany => "get_many",
            Self::Scan => "scan",
            Self::ApproximateLen => "approximate_len",
            Self::Checkpoint => "checkpoint",
            Self::Search => "search",
            Self::Commit => "commit",
            Self::Apply => "apply",
            Self::Close => "close",
        }
    }
}
