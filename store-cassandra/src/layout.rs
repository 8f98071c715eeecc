//! How tasks, maps and keys lie in the tables.

use std::ops::Bound;

use bytes::Bytes;
use store_core::{
    Error, ErrorKind, Result,
    backend::{KeyRange, MapId, Name, TaskId},
};

/// The version of the layout, recorded with each task.
pub(crate) const VERSION: i32 = 1;

/// The longest key: one byte less than the server takes, so that there is an end of a range just above each key.
pub(crate) const MAX_KEY_BYTES: usize = 65_534;

/// The longest value: one entry is one message, and messages end at 16 MiB unless the server is set otherwise.
pub(crate) const MAX_VALUE_BYTES: usize = 12 << 20;

/// The name of an application in the tables.
pub(crate) fn application(prefix: Option<&str>, application: &Name) -> String {
    // Names hold no colon.
    prefix.map_or_else(|| application.to_string(), |prefix| format!("{prefix}:{application}"))
}

/// The name of a task in the tables.
pub(crate) fn task(prefix: Option<&str>, task: &TaskId) -> String {
    format!("{}/{}", application(prefix, &task.application), task.partition)
}

/// The columns that name a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MapColumns {
    pub(crate) store: i64,
    /// Whether the store is cut by time: segment 0 is not the whole map.
    pub(crate) cut: bool,
    pub(crate) segment: i64,
}

impl From<MapId> for MapColumns {
    fn from(map: MapId) -> Self {
        let (store, cut) = (i64::from(map.store), map.segment.is_some());
        Self { store, cut, segment: map.segment.unwrap_or_default() }
    }
}

impl MapColumns {
    pub(crate) fn map(self) -> Result<MapId> {
        let store = u32::try_from(self.store).map_err(|error| {
            let message = "a map's record has a store's number that cannot be";
            Error::new(ErrorKind::Corrupt, message).with_source(error)
        })?;
        Ok(if self.cut { MapId::segment(store, self.segment) } else { MapId::whole(store) })
    }
}

/// Over how many partitions maps are spread; recorded with the task and never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buckets {
    pub(crate) whole: u32,
    pub(crate) segment: u32,
}

impl Buckets {
    /// How many a map has.
    pub(crate) const fn of(self, map: MapId) -> u32 {
        if map.segment.is_some() { self.segment } else { self.whole }
    }

    /// All of a map.
    pub(crate) fn all(self, map: MapId) -> impl Iterator<Item = i32> + use<> {
        (0..self.of(map)).filter_map(|bucket| i32::try_from(bucket).ok())
    }

    /// That of a key.
    pub(crate) fn bucket(self, map: MapId, key: &[u8]) -> i32 {
        let bucket = crc32fast::hash(key) % self.of(map).max(1);
        // Invariant: there are at most 256 buckets, as the settings are checked and the record is.
        i32::try_from(bucket).expect("a bucket's number is small")
    }
}

/// The low end of a range as the server takes it, itself included; the empty key is the lowest of all.
pub(crate) fn start(range: &KeyRange) -> Bytes {
    match &range.start {
        Bound::Unbounded => Bytes::new(),
        Bound::Included(key) => edge(key, false),
        Bound::Excluded(key) => edge(key, true),
    }
}

/// The high end as the server takes it, itself excluded; none for an open one.
pub(crate) fn end(range: &KeyRange) -> Option<Bytes> {
    match &range.end {
        Bound::Unbounded => None,
        Bound::Included(key) => Some(edge(key, true)),
        Bound::Excluded(key) => Some(edge(key, false)),
    }
}

/// The first key from `key` on, or the first `above` it. What is longer than any key lies just above its own beginning.
fn edge(key: &Bytes, above: bool) -> Bytes {
    let cut = key.slice(..key.len().min(MAX_KEY_BYTES));
    if above || cut.len() < key.len() { [&cut, &[0][..]].concat().into() } else { cut }
}

/// A number of the protocol as the server stores it.
pub(crate) fn signed(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|error| {
        let message = "a number of the protocol is above what the database can store";
        Error::new(ErrorKind::InvalidArgument, message).with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use bytes::Bytes;
    use store_core::backend::{KeyRange, MapId, TaskId};

    use super::{Buckets, MAX_KEY_BYTES, MapColumns, end, start, task};

    #[test]
    fn names_and_maps_as_they_are_stored() {
        let id = TaskId::new("word-count", 7).unwrap();
        assert_eq!(task(None, &id), "word-count/7");
        assert_eq!(task(Some("team.a"), &id), "team.a:word-count/7");
        for (map, columns) in [
            (MapId::whole(1), MapColumns { store: 1, cut: false, segment: 0 }),
            (
                MapId::segment(u32::MAX, 0),
                MapColumns { store: 4_294_967_295, cut: true, segment: 0 },
            ),
            (MapId::segment(2, -1), MapColumns { store: 2, cut: true, segment: -1 }),
        ] {
            assert_eq!(MapColumns::from(map), columns);
            assert_eq!(columns.map().unwrap(), map);
        }
        assert!(MapColumns { store: -1, cut: false, segment: 0 }.map().is_err());
    }

    #[test]
    fn a_key_stays_in_its_bucket() {
        let buckets = Buckets { whole: 16, segment: 4 };
        let whole = |key: &[u8]| buckets.bucket(MapId::whole(1), key);
        assert_eq!([whole(b""), whole(b"a"), whole(b"word")], [0, 3, 1]);
        assert_eq!(buckets.bucket(MapId::segment(1, 0), b"word"), 1);
        assert_eq!(buckets.all(MapId::segment(1, 9)).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn ranges_have_a_low_end_inside_and_a_high_end_outside() {
        let key = Bytes::from_static(b"k");
        let above = Bytes::from_static(b"k\0");
        let range = KeyRange::new(Bound::Included(key.clone()), Bound::Excluded(key.clone()));
        assert_eq!((start(&range), end(&range)), (key.clone(), Some(key.clone())));
        let range = KeyRange::new(Bound::Excluded(key.clone()), Bound::Included(key));
        assert_eq!((start(&range), end(&range)), (above.clone(), Some(above)));
        assert_eq!((start(&KeyRange::ALL), end(&KeyRange::ALL)), (Bytes::new(), None));
        let long = Bytes::from(vec![b'x'; MAX_KEY_BYTES + 1]);
        let cut = Bytes::from([&long[..MAX_KEY_BYTES], &[0]].concat());
        for bound in [Bound::Included(long.clone()), Bound::Excluded(long)] {
            let range = KeyRange::new(bound.clone(), bound);
            assert_eq!((start(&range), end(&range)), (cut.clone(), Some(cut.clone())));
        }
    }
}
