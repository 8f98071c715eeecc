//! The record a commit leaves.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{StoreSpec, TaskId, Unfinished};
use crate::{Error, ErrorKind, Result};

/// The version of the checkpoint's encoding.
const LAYOUT: u32 = 1;

/// The record a commit leaves: what has been processed, and what each store must remember.
///
/// Backends keep it as the opaque bytes of [`encode`](Self::encode), atomically with the commit's writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Checkpoint {
    /// The number of the last commit; 0 before the first.
    pub sequence: u64,
    /// For each source the next position to read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub offsets: BTreeMap<String, i64>,
    /// For each source the half-open ranges `[from, to)` that are processed above the offset, ascending and apart.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ahead: BTreeMap<String, Vec<(i64, i64)>>,
    /// The stores by their number. Numbers start at 1 and are never reused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stores: BTreeMap<u32, StoreState>,
    /// There while the state is being brought in from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
}

/// What is remembered of one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoreState {
    /// What it is.
    pub spec: StoreSpec,
    /// The highest event time seen, in milliseconds; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_time: Option<i64>,
    /// The segments that may hold entries.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub segments: BTreeSet<i64>,
    /// Segments below this one are dropped: absent, whatever a backend still stores there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<i64>,
    /// The next insertion number, for stores that keep duplicates.
    #[serde(default)]
    pub insertions: u64,
}

impl StoreState {
    /// A store that nothing has happened to yet.
    #[must_use]
    pub const fn new(spec: StoreSpec) -> Self {
        let segments = BTreeSet::new();
        Self { spec, stream_time: None, segments, floor: None, insertions: 0 }
    }
}

#[derive(Deserialize)]
struct Version {
    layout: u32,
}

#[derive(Serialize)]
struct Versioned<'a> {
    layout: u32,
    #[serde(flatten)]
    checkpoint: &'a Checkpoint,
}

impl Checkpoint {
    /// The stored form: JSON of one line whose first member is the layout version.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let versioned = Versioned { layout: LAYOUT, checkpoint: self };
        // Invariant: every map key is a string or a number and no field can fail to serialize.
        serde_json::to_vec(&versioned).expect("a checkpoint is valid JSON").into()
    }

    /// Reads the stored form. `SchemaMismatch` for a newer layout version, `Corrupt` for anything unreadable.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let corrupt = |error| {
            Error::new(
                ErrorKind::Corrupt,
                "the stored checkpoint is damaged: restore the state from a copy, or rebuild it from its sources in \
                 another place",
            )
            .with_source(error)
        };
        let Version { layout } = serde_json::from_slice(bytes).map_err(corrupt)?;
        if layout != LAYOUT {
            return Err(Error::new(
                ErrorKind::SchemaMismatch,
                format!(
                    "the stored checkpoint has layout version {layout} and this program knows version {LAYOUT}: \
                     use the release that wrote it, or a newer one"
                ),
            ));
        }
        serde_json::from_slice(bytes).map_err(corrupt)
    }

    /// `Locked` while the state is being brought in from elsewhere: what is here is not all.
    pub fn check_finished(&self, task: &TaskId) -> Result<()> {
        self.unfinished.as_ref().map_or(Ok(()), |unfinished| Err(unfinished.refusal(task)))
    }

    /// The number and state of a store, by its name.
    #[must_use]
    pub fn store(&self, name: &str) -> Option<(u32, &StoreState)> {
        let mut named = self.stores.iter().filter(|(_, state)| state.spec.name.as_str() == name);
        named.next().map(|(number, state)| (*number, state))
    }

    /// Checks wanted stores against the recorded ones and gives numbers to the new ones, in the order asked; the
    /// indexed fields are those wanted.
    ///
    /// The engine calls it after a claim; an adapter that prepares something per store may call it too and gets the
    /// same numbers.
    pub fn assign(&mut self, wanted: &[StoreSpec]) -> Result<()> {
        for spec in wanted {
            let mut stores = self.stores.values_mut();
            if let Some(state) = stores.find(|state| state.spec.name == spec.name) {
                state.spec.check(spec)?;
                state.spec.fields.clone_from(&spec.fields);
            } else {
                let next = self.stores.last_key_value().map_or(1, |(number, _)| number + 1);
                self.stores.insert(next, StoreState::new(spec.clone()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Checkpoint, StoreState};
    use crate::{ErrorKind, backend::StoreSpec};

    fn example() -> Checkpoint {
        let spec = StoreSpec::new("counts".parse().unwrap(), "key_value", "string", "json");
        let mut windowed = StoreState::new(StoreSpec {
            retention_ms: Some(100),
            segment_ms: Some(60_000),
            properties: [("size_ms".to_owned(), "10".to_owned())].into(),
            ..StoreSpec::new("per-hour".parse().unwrap(), "window", "u64", "cbor")
        });
        windowed.stream_time = Some(-5);
        windowed.segments = [-1, 0].into();
        windowed.floor = Some(-1);
        windowed.insertions = 7;
        Checkpoint {
            sequence: 3,
            offsets: [("words.txt".to_owned(), 42)].into(),
            ahead: [("topic-0".to_owned(), vec![(5, 6)])].into(),
            stores: [(1, StoreState::new(spec)), (2, windowed)].into(),
            unfinished: None,
        }
    }

    const GOLDEN: &str = concat!(
        r#"{"layout":1,"sequence":3,"offsets":{"words.txt":42},"ahead":{"topic-0":[[5,6]]},"stores":{"#,
        r#""1":{"spec":{"name":"counts","kind":"key_value","key_codec":"string","value_codec":"json","layout":1},"#,
        r#""insertions":0},"2":{"spec":{"name":"per-hour","kind":"window","key_codec":"u64","value_codec":"cbor","#,
        r#""layout":1,"retention_ms":100,"segment_ms":60000,"properties":{"size_ms":"10"}},"stream_time":-5,"#,
        r#""segments":[-1,0],"floor":-1,"insertions":7}}}"#
    );

    #[test]
    fn golden_bytes() {
        assert_eq!(std::str::from_utf8(&example().encode()).unwrap(), GOLDEN);
        assert_eq!(Checkpoint::decode(GOLDEN.as_bytes()).unwrap(), example());
        assert_eq!(&Checkpoint::default().encode()[..], br#"{"layout":1,"sequence":0}"#);
    }

    #[test]
    fn newer_and_damaged_records_are_refused() {
        let kind = |bytes: &[u8]| Checkpoint::decode(bytes).unwrap_err().kind();
        assert_eq!(kind(br#"{"layout":2,"anything":0}"#), ErrorKind::SchemaMismatch);
        assert_eq!(kind(&GOLDEN.as_bytes()[..50]), ErrorKind::Corrupt);
        assert_eq!(kind(b""), ErrorKind::Corrupt);
    }

    #[test]
    fn numbers_are_given_once() {
        let spec = |name: &str| StoreSpec::new(name.parse().unwrap(), "key_value", "bytes", "raw");
        let mut checkpoint = Checkpoint::default();
        checkpoint.assign(&[spec("b"), spec("a")]).unwrap();
        checkpoint.assign(&[spec("c"), spec("B"), spec("a")]).unwrap();
        let number = |name| checkpoint.store(name).unwrap().0;
        assert_eq!(["b", "a", "c", "B"].map(number), [1, 2, 3, 4]);
    }
}
