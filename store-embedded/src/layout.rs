//! What stands where: names of maps, and the record of a task.
//!
//! A map is a keyspace of its own, so that dropping it costs the same however much it holds. Its keys carry one byte
//! in front, because the engine knows no empty keys; one more key, the mark, has the number of the last commit that wrote
//! to the map. The keyspace `tasks` has one record per task, which names its maps and the same numbers: where they
//! differ, the engine has lost something in between.

use std::{collections::BTreeMap, ops::Bound};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Checkpoint, Fence, KeyRange, MapId, Name, OwnerId, TaskId},
};

/// The version of this layout.
pub(crate) const VERSION: u32 = 1;

/// The keyspace of the records of tasks.
pub(crate) const TASKS: &str = "tasks";

/// Stands in front of every key of a map.
const KEY: u8 = b'k';
/// The first stored key behind all keys.
const KEYS_END: &[u8] = b"l";

/// The key of the mark, which every map has from its first commit on.
pub(crate) const MARK: &[u8] = b"m";

/// The number in a mark.
pub(crate) fn mark(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// The longest key the engine takes, without the byte in front.
pub(crate) const MAX_KEY_BYTES: usize = u16::MAX as usize - 1;

/// The longest value the engine is trusted with.
pub(crate) const MAX_VALUE_BYTES: usize = 64 << 20;

/// A key of a map as it is stored; most need no allocation.
pub(crate) type StoredKey = SmallVec<[u8; 64]>;

/// The stored form of a key of a map.
pub(crate) fn key(key: &[u8]) -> StoredKey {
    let mut stored = StoredKey::with_capacity(key.len() + 1);
    stored.push(KEY);
    stored.extend_from_slice(key);
    stored
}

/// The key of its stored form.
pub(crate) fn user_key(stored: &[u8]) -> &[u8] {
    stored.get(1..).unwrap_or_default()
}

/// The stored form of a range of keys.
pub(crate) fn bounds(range: &KeyRange) -> (Bound<StoredKey>, Bound<StoredKey>) {
    let (start, end) = range.as_bounds();
    let start = match start {
        Bound::Unbounded => Bound::Included(key(b"")),
        start => start.map(key),
    };
    let end = match end {
        Bound::Unbounded => Bound::Excluded(StoredKey::from_slice(KEYS_END)),
        end => end.map(key),
    };
    (start, end)
}

/// The keyspace of a map.
pub(crate) fn keyspace(task: &TaskId, map: MapId) -> String {
    // Names have no '@', so no task's maps look like another's.
    format!("{}@{}@{}", task.application, task.partition, map_name(map))
}

/// The map that a keyspace is, `None` for `tasks`.
pub(crate) fn map_of_keyspace(keyspace: &str) -> Option<(TaskId, MapId)> {
    let (application, rest) = keyspace.split_once('@')?;
    let (partition, map) = rest.split_once('@')?;
    Some((TaskId::new(application, partition.parse().ok()?).ok()?, map_of_name(map)?))
}

fn map_name(map: MapId) -> String {
    let MapId { store, segment, .. } = map;
    segment.map_or_else(|| store.to_string(), |segment| format!("{store}@{segment}"))
}

fn map_of_name(name: &str) -> Option<MapId> {
    match name.split_once('@') {
        None => Some(MapId::whole(name.parse().ok()?)),
        Some((store, segment)) => Some(MapId::segment(store.parse().ok()?, segment.parse().ok()?)),
    }
}

/// The key of a task's record: records of one application stand together, by partition.
pub(crate) fn task_key(task: &TaskId) -> Vec<u8> {
    let mut key = application_key(&task.application);
    key.extend(task.partition.to_be_bytes());
    key
}

/// What the keys of an application's records begin with.
pub(crate) fn application_key(application: &Name) -> Vec<u8> {
    // Names have no zero byte, so none is another's beginning.
    [application.as_str().as_bytes(), b"\0"].concat()
}

/// The partition in the key of a record.
pub(crate) fn partition(application: &Name, key: &[u8]) -> Option<u32> {
    let rest = key.strip_prefix(&application_key(application)[..])?;
    Some(u32::from_be_bytes(rest.try_into().ok()?))
}

/// The record of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) fence: Fence,
    /// The epoch at which it was destroyed last; 0 if never.
    pub(crate) born: u64,
    pub(crate) destroyed: bool,
    /// The maps that were written and not dropped, each with the last commit that wrote to it.
    pub(crate) maps: BTreeMap<MapId, u64>,
    pub(crate) checkpoint: Checkpoint,
}

#[derive(Serialize, Deserialize)]
struct Head {
    layout: u32,
    epoch: u64,
    owner: OwnerId,
    #[serde(default)]
    born: u64,
    #[serde(default)]
    destroyed: bool,
    maps: BTreeMap<String, u64>,
}

impl Record {
    /// The record of a task never seen.
    pub(crate) fn new() -> Self {
        let fence = Fence::new(0, OwnerId::from_u128(0));
        Self {
            fence,
            born: 0,
            destroyed: true,
            maps: BTreeMap::new(),
            checkpoint: Checkpoint::default(),
        }
    }

    /// The stored form: a line of JSON, then the checkpoint.
    pub(crate) fn encode(&self, checkpoint: &[u8]) -> Vec<u8> {
        let Fence { epoch, owner, .. } = self.fence;
        let (born, destroyed) = (self.born, self.destroyed);
        let maps = self.maps.iter().map(|(&map, &last)| (map_name(map), last)).collect();
        let head = Head { layout: VERSION, epoch, owner, born, destroyed, maps };
        // Invariant: a flat struct of numbers, a flag and text is valid JSON.
        let mut bytes = serde_json::to_vec(&head).expect("the head is valid JSON");
        bytes.push(b'\n');
        bytes.extend(checkpoint);
        bytes
    }

    /// Reads the stored form. `SchemaMismatch` for a newer version, `Corrupt` for anything unreadable.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let corrupt = || {
            Error::new(
                ErrorKind::Corrupt,
                "the record of a task is damaged: restore the directory from a copy",
            )
        };
        let line = bytes.iter().position(|&byte| byte == b'\n').ok_or_else(corrupt)?;
        let head: Head =
            serde_json::from_slice(&bytes[..line]).map_err(|e| corrupt().with_source(e))?;
        if head.layout != VERSION {
            return Err(newer(head.layout));
        }
        let maps = head.maps.iter().map(|(name, &last)| Some((map_of_name(name)?, last)));
        Ok(Self {
            maps: maps.collect::<Option<_>>().ok_or_else(corrupt)?,
            fence: Fence::new(head.epoch, head.owner),
            born: head.born,
            destroyed: head.destroyed,
            checkpoint: Checkpoint::decode(&bytes[line + 1..])?,
        })
    }
}

/// The error for state that another release wrote.
pub(crate) fn newer(found: u32) -> Error {
    let message = format!(
        "the state has layout version {found} and this program knows version {VERSION}: use the release that wrote \
         it, or a newer one"
    );
    Error::new(ErrorKind::SchemaMismatch, message)
}

#[cfg(test)]
mod tests {
    use store_core::{
        ErrorKind,
        backend::{Checkpoint, Fence, MapId, OwnerId, TaskId},
    };

    use super::{
        Record, TASKS, key, keyspace, map_of_keyspace, mark, partition, task_key, user_key,
    };

    fn task() -> TaskId {
        TaskId::new("word-count", 258).unwrap()
    }

    #[test]
    fn golden_bytes() {
        let record = Record {
            fence: Fence::new(3, OwnerId::from_u128(0xab)),
            born: 1,
            destroyed: false,
            maps: [(MapId::whole(1), 7), (MapId::segment(2, -5), 3)].into(),
            checkpoint: Checkpoint::default(),
        };
        let golden = concat!(
            r#"{"layout":1,"epoch":3,"owner":"00000000-0000-0000-0000-0000000000ab","born":1,"destroyed":false,"maps":{"1":7,"2@-5":3}}"#,
            "\n",
            r#"{"layout":1,"sequence":0}"#
        );
        let encoded = record.encode(&record.checkpoint.encode());
        assert_eq!(std::str::from_utf8(&encoded).unwrap(), golden);
        assert_eq!(Record::decode(golden.as_bytes()).unwrap(), record);
        assert_eq!(&task_key(&task())[..], b"word-count\0\0\0\x01\x02");
        assert_eq!(partition(&task().application, b"word-count\0\0\0\x01\x02"), Some(258));
        assert_eq!(&key(b"")[..], b"k");
        assert_eq!(user_key(&key(b"ab")), b"ab");
        assert_eq!(mark(&7_u64.to_be_bytes()), Some(7));
        assert_eq!(mark(b""), None);
    }

    #[test]
    fn maps_have_names_of_their_own() {
        for (id, name) in
            [(MapId::whole(1), "word-count@258@1"), (MapId::segment(2, -5), "word-count@258@2@-5")]
        {
            assert_eq!(keyspace(&task(), id), name);
            assert_eq!(map_of_keyspace(name), Some((task(), id)));
        }
        for other in [TASKS, "a@x@1", "a@1@x", "a@1@1@x", "@1@1"] {
            assert_eq!(map_of_keyspace(other), None, "{other}");
        }
    }

    #[test]
    fn damage_is_an_error() {
        let kind = |bytes: &[u8]| Record::decode(bytes).unwrap_err().kind();
        let other =
            br#"{"layout":2,"epoch":3,"owner":"00000000-0000-0000-0000-0000000000ab","maps":{},"new":0}"#;
        assert_eq!(kind(&[other, &b"\n{}"[..]].concat()), ErrorKind::SchemaMismatch);
        assert_eq!(kind(b""), ErrorKind::Corrupt);
        assert_eq!(kind(b"{}\n"), ErrorKind::Corrupt);
    }
}
