//! The mark of a task whose state is still being brought in from elsewhere.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{MapId, TaskId};
use crate::{Error, ErrorKind, Result};

/// The mark of a task whose state is still being brought in from elsewhere, and how far that has come.
///
/// It stands in the checkpoint, so each commit moves it together with what it brought. No program may take such a task
/// for whole: opening it is refused before and after the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unfinished {
    /// Which state is brought in; compared when the work goes on.
    pub source: String,
    /// The last entry that is here; none before the first. Entries come by map, and in a map by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastEntry>,
    /// How many entries are here.
    pub entries: u64,
}

/// Where an entry is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LastEntry {
    /// Its map.
    pub map: MapId,
    /// Its key; hexadecimal where it is stored.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub key: Bytes,
}

impl Unfinished {
    /// A mark: nothing is here yet.
    #[must_use]
    pub const fn new(source: String) -> Self {
        Self { source, last: None, entries: 0 }
    }

    /// What a program is told that would open the task.
    pub(super) fn refusal(&self, task: &TaskId) -> Error {
        let message = format!(
            "a copy into task {task} is not finished, {} entries are here: wait for it, run it again, or destroy the task",
            self.entries
        );
        Error::new(ErrorKind::Locked, message)
    }
}

impl LastEntry {
    /// The place of an entry.
    #[must_use]
    pub const fn new(map: MapId, key: Bytes) -> Self {
        Self { map, key }
    }
}

impl fmt::Debug for LastEntry {
    /// The length of the key only: keys are data and stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LastEntry({}, {} bytes)", self.map, self.key.len())
    }
}

fn to_hex<S: Serializer>(key: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(key))
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    // The error of the decoder shows digits, which are data.
    let key = hex::decode(text);
    key.map(Bytes::from).map_err(|_digits| D::Error::custom("a key that is not hexadecimal"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{LastEntry, Unfinished};
    use crate::{
        ErrorKind,
        backend::{Checkpoint, MapId, TaskId},
    };

    fn example() -> Checkpoint {
        let mut unfinished = Unfinished::new("ab12".to_owned());
        unfinished.last =
            Some(LastEntry::new(MapId::segment(2, -5), Bytes::from_static(b"\0k\xff")));
        unfinished.entries = 3;
        Checkpoint { sequence: 7, unfinished: Some(unfinished), ..Checkpoint::default() }
    }

    #[test]
    fn golden_bytes() {
        let golden = concat!(
            r#"{"layout":1,"sequence":7,"unfinished":{"source":"ab12","#,
            r#""last":{"map":{"store":2,"segment":-5},"key":"006bff"},"entries":3}}"#
        );
        assert_eq!(std::str::from_utf8(&example().encode()).unwrap(), golden);
        assert_eq!(Checkpoint::decode(golden.as_bytes()).unwrap(), example());
        for bad in ["0", "0g", "é"] {
            let damaged = golden.replace("006bff", bad);
            assert_eq!(
                Checkpoint::decode(damaged.as_bytes()).unwrap_err().kind(),
                ErrorKind::Corrupt
            );
        }
    }

    #[test]
    fn an_unfinished_checkpoint_is_refused() {
        let task = TaskId::new("a", 0).unwrap();
        assert_eq!(example().check_finished(&task).unwrap_err().kind(), ErrorKind::Locked);
        Checkpoint::default().check_finished(&task).unwrap();
    }
}
