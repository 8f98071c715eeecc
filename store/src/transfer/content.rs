//! The hash of what a task holds: the same on every backend, however it is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use blake3::Hasher;
use bytes::Bytes;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Checkpoint, MapId, StoreSpec, StoreState, TaskId},
};

use super::batch::is_live;

/// A BLAKE3 hash of 32 bytes, shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 32]);

/// What a task holds: its hash covers offsets and stores, but neither epoch nor sequence, nor its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskContent {
    /// The hash of all of it.
    pub hash: ContentHash,
    /// The hash of the offsets and of what is processed above them.
    pub offsets: ContentHash,
    /// Its stores by their names.
    pub stores: BTreeMap<String, StoreContent>,
}

/// What a store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreContent {
    /// The hash of its spec, of what the checkpoint remembers of it, and of its entries as they are stored.
    pub hash: ContentHash,
    /// How many entries are stored; kinds may need more than one for one of the user's.
    pub entries: u64,
    /// The bytes of their keys and values.
    pub bytes: u64,
}

impl TaskContent {
    /// How many entries are stored.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.stores.values().map(|store| store.entries).sum()
    }

    /// The bytes of their keys and values.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.stores.values().map(|store| store.bytes).sum()
    }

    /// What differs, in words; empty where nothing does.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.offsets != other.offsets {
            differences.push("the offsets differ".to_owned());
        }
        let names: BTreeSet<_> = self.stores.keys().chain(other.stores.keys()).collect();
        for name in names {
            match (self.stores.get(name), other.stores.get(name)) {
                (Some(one), Some(two)) if one.entries != two.entries => differences.push(format!(
                    "store {name} has {} entries here and {} there",
                    one.entries, two.entries
                )),
                (Some(one), Some(two)) if one.hash != two.hash => {
                    differences.push(format!("store {name} differs"));
                }
                (Some(_), None) => differences.push(format!("store {name} is here only")),
                (None, Some(_)) => differences.push(format!("store {name} is there only")),
                _ => {}
            }
        }
        differences
    }
}

/// Takes in the entries of a task, by map and in a map by key, and gives what it holds.
pub(super) struct ContentHasher {
    task: TaskId,
    checkpoint: Checkpoint,
    stores: BTreeMap<u32, Store>,
    last: Option<(MapId, Bytes)>,
}

struct Store {
    hasher: Hashed,
    /// The map that the last entry came from.
    map: Option<MapId>,
    entries: u64,
    bytes: u64,
}

impl ContentHasher {
    /// Begins with the checkpoint that the entries are of.
    pub(super) fn new(task: TaskId, checkpoint: Checkpoint) -> Self {
        let begun =
            |state: &StoreState| Store { hasher: begun(state), map: None, entries: 0, bytes: 0 };
        let stores = checkpoint.stores.iter().map(|(&number, state)| (number, begun(state)));
        Self { task, stores: stores.collect(), checkpoint, last: None }
    }

    /// Takes in one entry. `Corrupt` for one that is out of order or in a map that the checkpoint does not name.
    pub(super) fn add(&mut self, map: MapId, key: &Bytes, value: &[u8]) -> Result<()> {
        let before = self.last.as_ref().map(|(map, key)| (*map, &key[..]));
        let known =
            before.is_some_and(|(before, _)| before == map) || is_live(&self.checkpoint, map);
        let store = self.stores.get_mut(&map.store).filter(|_| known);
        let (Some(store), true) = (store, before < Some((map, &key[..]))) else {
            let message =
                format!("an entry of task {} is out of order or in no live map", self.task);
            return Err(Error::new(ErrorKind::Corrupt, message));
        };
        if store.map.replace(map) != Some(map) {
            store.hasher.tag(MAP);
            store.hasher.time(map.segment);
        }
        store.hasher.tag(ENTRY);
        store.hasher.bytes(key);
        store.hasher.bytes(value);
        store.entries += 1;
        store.bytes += (key.len() + value.len()) as u64;
        self.last = Some((map, key.clone()));
        Ok(())
    }

    /// What all of it is.
    pub(super) fn finish(self) -> TaskContent {
        let Self { checkpoint, mut stores, .. } = self;
        let mut contents = BTreeMap::new();
        for (number, state) in &checkpoint.stores {
            let Some(store) = stores.remove(number) else { continue };
            let hash = store.hasher.finish();
            let content = StoreContent { hash, entries: store.entries, bytes: store.bytes };
            contents.insert(state.spec.name.to_string(), content);
        }
        let offsets = offsets(&checkpoint);
        let mut task = Hashed::new("task");
        task.raw(&offsets.0);
        for (name, store) in &contents {
            task.bytes(name.as_bytes());
            task.raw(&store.hash.0);
        }
        TaskContent { hash: task.finish(), offsets, stores: contents }
    }
}

/// The tag in front of a map that has entries.
const MAP: u8 = 1;
/// The tag in front of an entry.
const ENTRY: u8 = 2;

fn begun(state: &StoreState) -> Hashed {
    let StoreState { spec, stream_time, floor, insertions, .. } = state;
    let StoreSpec { name, kind, key_codec, value_codec, layout, properties, .. } = spec;
    let mut hashed = Hashed::new("store");
    for text in [name.as_str(), kind, key_codec, value_codec] {
        hashed.bytes(text.as_bytes());
    }
    hashed.number(u64::from(*layout));
    hashed.time(spec.retention_ms);
    hashed.time(spec.segment_ms);
    hashed.number(properties.len() as u64);
    for (name, value) in properties {
        hashed.bytes(name.as_bytes());
        hashed.bytes(value.as_bytes());
    }
    hashed.time(*stream_time);
    hashed.time(*floor);
    hashed.number(*insertions);
    hashed
}

fn offsets(checkpoint: &Checkpoint) -> ContentHash {
    let mut hashed = Hashed::new("offsets");
    hashed.number(checkpoint.offsets.len() as u64);
    for (source, offset) in &checkpoint.offsets {
        hashed.bytes(source.as_bytes());
        hashed.raw(&offset.to_be_bytes());
    }
    hashed.number(checkpoint.ahead.len() as u64);
    for (source, ranges) in &checkpoint.ahead {
        hashed.bytes(source.as_bytes());
        hashed.number(ranges.len() as u64);
        for (from, to) in ranges {
            hashed.raw(&from.to_be_bytes());
            hashed.raw(&to.to_be_bytes());
        }
    }
    hashed.finish()
}

/// A hash of parts whose ends are certain: each is of fixed length or begins with its length.
struct Hashed {
    hasher: Hasher,
    /// What was not hashed yet: the hash is fast on long runs only.
    waiting: Vec<u8>,
}

/// Bytes that are hashed at once.
const RUN: usize = 64 << 10;

impl Hashed {
    fn new(what: &str) -> Self {
        Self {
            hasher: Hasher::new_derive_key(&format!("store content 1 {what}")),
            waiting: Vec::new(),
        }
    }

    fn raw(&mut self, bytes: &[u8]) {
        if self.waiting.len() + bytes.len() > RUN {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
        if bytes.len() > RUN {
            self.hasher.update(bytes);
        } else {
            self.waiting.extend_from_slice(bytes);
        }
    }

    fn tag(&mut self, tag: u8) {
        self.raw(&[tag]);
    }

    fn number(&mut self, number: u64) {
        self.raw(&number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.raw(bytes);
    }

    fn time(&mut self, time: Option<i64>) {
        self.tag(u8::from(time.is_some()));
        self.raw(&time.unwrap_or(0).to_be_bytes());
    }

    fn finish(mut self) -> ContentHash {
        self.hasher.update(&self.waiting);
        ContentHash(*self.hasher.finalize().as_bytes())
    }
}

impl ContentHash {
    /// A hash of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
