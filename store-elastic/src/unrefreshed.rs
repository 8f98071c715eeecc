//! Writes of a task's owner that searches may not show yet.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use store_core::backend::{Changes, KeyRange, MapChange, MapId, Order, Overlay, PageLimit};

/// How many writes are remembered.
pub(crate) const MOST_ENTRIES: usize = 10_000;

/// How many bytes their keys and values may have.
pub(crate) const MOST_BYTES: usize = 4 << 20;

/// The newest write of each key since the index was refreshed.
#[derive(Debug, Default)]
pub(crate) struct Unrefreshed {
    maps: HashMap<MapId, BTreeMap<Bytes, Write>>,
    entries: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Write {
    /// None for a deleted key.
    value: Option<Bytes>,
    /// Which writing it was of.
    number: u64,
}

impl Unrefreshed {
    /// Adds what a writing has written. False where that cannot all be remembered: then all of it is to be forgotten.
    #[must_use]
    pub(crate) fn add(&mut self, number: u64, changes: &Changes) -> bool {
        for (map, change) in changes {
            // What is stored in a dropped map is not known here.
            let MapChange::Write(writes) = change else { return false };
            let map = self.maps.entry(*map).or_default();
            for (key, put) in writes {
                let write = Write { value: put.as_ref().map(|put| put.value.clone()), number };
                self.bytes += write.size(key);
                self.entries += 1;
                if let Some(before) = map.insert(key.clone(), write) {
                    self.bytes -= before.size(key);
                    self.entries -= 1;
                }
                if self.entries > MOST_ENTRIES || self.bytes > MOST_BYTES {
                    return false;
                }
            }
        }
        true
    }

    /// Forgets the writings up to one, which are visible.
    pub(crate) fn forget(&mut self, visible: u64) {
        let Self { maps, entries, bytes } = self;
        maps.retain(|_, writes| {
            writes.retain(|key, write| {
                let kept = write.number > visible;
                if !kept {
                    *entries -= 1;
                    *bytes -= write.size(key);
                }
                kept
            });
            !writes.is_empty()
        });
    }

    /// What is laid over a page of a range that is not empty.
    pub(crate) fn overlay(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Overlay {
        let mut overlay = Overlay::default();
        let Some(writes) = self.maps.get(&map) else { return overlay };
        let writes = writes.range::<[u8], _>(range.as_bounds());
        let writes = writes.map(|(key, write)| (key.clone(), write.value.clone()));
        match order {
            Order::Forward => overlay.add_older(writes, limit),
            Order::Backward => overlay.add_older(writes.rev(), limit),
        }
        overlay
    }
}

impl Write {
    fn size(&self, key: &Bytes) -> usize {
        key.len() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use store_core::backend::{Changes, MapChange, MapId, Put};

    use super::{MOST_BYTES, MOST_ENTRIES, Unrefreshed};

    fn changes(keys: std::ops::Range<usize>, value: usize) -> Changes {
        let put = Put::new(vec![0; value].into());
        let writes = keys.map(|n| (Bytes::from(n.to_string()), Some(put.clone()))).collect();
        BTreeMap::from([(MapId::whole(1), MapChange::Write(writes))])
    }

    #[test]
    fn as_much_as_is_allowed_is_remembered() {
        let mut unrefreshed = Unrefreshed::default();
        assert!(unrefreshed.add(1, &changes(0..MOST_ENTRIES, 1)));
        // The same keys once more.
        assert!(unrefreshed.add(2, &changes(0..MOST_ENTRIES, 2)));
        assert!(!unrefreshed.add(3, &changes(MOST_ENTRIES..MOST_ENTRIES + 1, 0)));
        let mut unrefreshed = Unrefreshed::default();
        let half = MOST_BYTES / 2 - 1;
        assert!(unrefreshed.add(1, &changes(0..2, half)));
        assert!(!unrefreshed.add(2, &changes(2..3, 0)));
    }

    #[test]
    fn what_is_forgotten_makes_room() {
        let mut unrefreshed = Unrefreshed::default();
        assert!(unrefreshed.add(1, &changes(0..MOST_ENTRIES, 1)));
        assert!(unrefreshed.add(2, &changes(0..1, 5)));
        unrefreshed.forget(1);
        assert_eq!((unrefreshed.entries, unrefreshed.bytes), (1, 6));
        assert!(unrefreshed.add(3, &changes(1..MOST_ENTRIES, 1)));
        unrefreshed.forget(3);
        assert_eq!((unrefreshed.entries, unrefreshed.bytes, unrefreshed.maps.len()), (0, 0, 0));
    }

    #[test]
    fn a_dropped_map_is_not_remembered() {
        let dropped = BTreeMap::from([(MapId::segment(1, 4), MapChange::Drop)]);
        assert!(!Unrefreshed::default().add(1, &dropped));
    }
}
