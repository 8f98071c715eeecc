//! Who works on what: tasks, owners, names and maps.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Checkpoint;
use crate::{Error, ErrorKind, Result};

/// The longest application or store name, in bytes.
pub const MAX_NAME_BYTES: usize = 100;

/// The name of an application or a store: 1 to 100 of ASCII letters, digits, `.`, `_` and `-`, not starting with `.`.
///
/// Names that differ by case only are distinct.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let length = (1..=MAX_NAME_BYTES).contains(&name.len());
        if length && name.bytes().all(legal) && !name.starts_with('.') {
            return Ok(Self(name.to_owned()));
        }
        // A name is part of the program, not of the data, so it may be shown.
        let shown: String = name.chars().take(MAX_NAME_BYTES).collect();
        Err(Error::new(
            ErrorKind::InvalidKey,
            format!(
                "name {shown:?} is not 1 to {MAX_NAME_BYTES} ASCII letters, digits, '.', '_' or '-', \
                 not starting with '.'"
            ),
        ))
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        name.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// One partition of one application: the unit of ownership, commit and recovery.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskId {
    /// The application.
    pub application: Name,
    /// The partition.
    pub partition: u32,
}

impl TaskId {
    /// Names a task; the application must be a legal [`Name`].
    pub fn new(application: &str, partition: u32) -> Result<Self> {
        Ok(Self { application: application.parse()?, partition })
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.application, self.partition)
    }
}

/// The random half of the fencing token: made anew for each opening of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OwnerId(Uuid);

impl OwnerId {
    /// A new random owner.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The owner of this number; for tests that must be replayable.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(Uuid::from_u128(number))
    }

    /// The owner as a number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0.as_u128()
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// The fencing token: who may commit.
///
/// Checks compare both halves, because epochs start again after a loss of data. A backend may keep them apart, or as the
/// text that they display as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fence {
    /// Raised by one with each claim; 0 before the first.
    pub epoch: u64,
    /// Who claimed.
    pub owner: OwnerId,
}

impl Fence {
    /// A token.
    #[must_use]
    pub const fn new(epoch: u64, owner: OwnerId) -> Self {
        Self { epoch, owner }
    }
}

impl fmt::Display for Fence {
    /// The epoch in 20 digits, a colon and the owner in 32 hexadecimal digits, so that texts order as epochs do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}:{}", self.epoch, self.owner)
    }
}

/// One ordered map of bytes to bytes inside a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MapId {
    /// The number of its store in the checkpoint; numbers start at 1.
    pub store: u32,
    /// The time segment, for stores that are cut by time: any number, also below 0. Segment 0 is not the whole map. Maps
    /// are ordered by it within a store.
    pub segment: Option<i64>,
}

impl MapId {
    /// The map of a store that is not cut by time.
    #[must_use]
    pub const fn whole(store: u32) -> Self {
        Self { store, segment: None }
    }

    /// The map of one time segment of a store.
    #[must_use]
    pub const fn segment(store: u32, segment: i64) -> Self {
        Self { store, segment: Some(segment) }
    }
}

impl fmt::Display for MapId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.segment {
            None => write!(f, "map {}", self.store),
            Some(segment) => write!(f, "map {} segment {segment}", self.store),
        }
    }
}

/// What a backend tells of a task without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskSummary {
    /// Which task.
    pub task: TaskId,
    /// How often it has been claimed.
    pub epoch: u64,
    /// Its last commit.
    pub checkpoint: Checkpoint,
}

impl TaskSummary {
    /// A summary.
    #[must_use]
    pub const fn new(task: TaskId, epoch: u64, checkpoint: Checkpoint) -> Self {
        Self { task, epoch, checkpoint }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fence, MAX_NAME_BYTES, Name, OwnerId, TaskId};
    use crate::ErrorKind;

    #[test]
    fn names_at_the_limits() {
        for legal in ["a", "A.b_c-9", "-", "_.", &"n".repeat(MAX_NAME_BYTES)] {
            assert_eq!(legal.parse::<Name>().unwrap().as_str(), legal);
        }
        for illegal in ["", ".a", ".", "a b", "a/b", "ä", "a\0", &"n".repeat(MAX_NAME_BYTES + 1)] {
            assert_eq!(illegal.parse::<Name>().unwrap_err().kind(), ErrorKind::InvalidKey);
        }
        assert!(TaskId::new("a/b", 0).is_err());
    }

    #[test]
    fn fences_order_as_text() {
        let owner = OwnerId::from_u128(0xab);
        assert!(Fence::new(9, owner).to_string() < Fence::new(10, owner).to_string());
        assert_eq!(
            Fence::new(7, owner).to_string(),
            "00000000000000000007:000000000000000000000000000000ab"
        );
    }
}
