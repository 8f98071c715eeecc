//! The writes since the last freeze, and what they weigh.

use std::{collections::BTreeSet, mem};

use bytes::Bytes;

use crate::backend::{Changes, MapChange, MapId, Put};

/// What one buffered write costs beside its bytes: its place in the tree, and the allocations of key and value.
///
/// Measured with a counting allocator over writes in ascending, descending and random order, it is 152 to 266.
const ENTRY_OVERHEAD: usize = 272;

/// One write of a batch; `None` deletes.
pub(super) type Write = (MapId, Bytes, Option<Put>);

/// Buffered writes, at most one per key.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    changes: Changes,
    bytes: usize,
}

impl Buffer {
    /// Bytes it holds, its own overhead included.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What a write to a key of so many bytes weighs.
    pub(super) fn weight(key_bytes: usize, put: Option<&Put>) -> usize {
        let put = put.map_or(0, |put| put.value.len() + put.fields.as_ref().map_or(0, |f| f.len()));
        key_bytes + put + ENTRY_OVERHEAD
    }

    /// What the writes of these keys weigh that are there.
    pub(super) fn weight_of(&self, keys: &BTreeSet<(MapId, &Bytes)>) -> usize {
        let weight = |(map, key): &(MapId, &Bytes)| match self.changes.get(map)? {
            MapChange::Write(writes) => {
                writes.get(*key).map(|p| Self::weight(key.len(), p.as_ref()))
            }
            MapChange::Drop => None,
        };
        keys.iter().filter_map(weight).sum()
    }

    /// Adds or replaces a write.
    pub(super) fn write(&mut self, (map, key, put): Write) {
        let MapChange::Write(writes) =
            self.changes.entry(map).or_insert_with(|| MapChange::Write(Default::default()))
        else {
            // Invariant: the engine refuses writes below a store's floor, and only such maps are dropped.
            unreachable!("a dropped {map} is never written again");
        };
        let key_bytes = key.len();
        self.bytes += Self::weight(key_bytes, put.as_ref());
        if let Some(replaced) = writes.insert(key, put) {
            self.bytes -= Self::weight(key_bytes, replaced.as_ref());
        }
    }

    /// Drops a map with what was written to it.
    pub(super) fn drop_map(&mut self, map: MapId) {
        if let Some(MapChange::Write(writes)) = self.changes.insert(map, MapChange::Drop) {
            let weight = |(key, put): (&Bytes, &Option<Put>)| Self::weight(key.len(), put.as_ref());
            self.bytes -= writes.iter().map(weight).sum::<usize>();
        }
    }

    /// The changes, for a freeze; leaves the buffer empty.
    pub(super) fn take(&mut self) -> (Changes, usize) {
        (mem::take(&mut self.changes), mem::take(&mut self.bytes))
    }

    pub(super) const fn changes(&self) -> &Changes {
        &self.changes
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Buffer, ENTRY_OVERHEAD};
    use crate::backend::{MapId, Put};

    /// By what the standard library and `bytes` do: a lower bound would not hold back memory.
    #[test]
    fn weighs_at_least_what_an_entry_takes() {
        let slot = size_of::<(Bytes, Option<Put>)>();
        // A tree that grows at one end leaves 6 of 11 places used in a leaf, and one entry above it.
        let (places, used) = (11, 7);
        let node = places * slot + 16;
        let above = (node + (places + 1) * size_of::<usize>()) / used;
        let tree = (node + above).div_ceil(used);
        // Key and value: the header and rounding of an allocation, and another one where they are shared.
        let allocations = 2 * (16 + 32);
        assert!(ENTRY_OVERHEAD >= tree + allocations, "{tree} + {allocations}");
    }

    #[test]
    fn weighs_what_it_holds() {
        let (key, map) = (Bytes::from_static(b"key"), MapId::segment(1, 0));
        let put = |length: usize| Some(Put::new(vec![0; length].into()));
        let mut buffer = Buffer::default();
        buffer.write((map, key.clone(), put(10)));
        let one = buffer.bytes();
        buffer.write((map, key.clone(), put(10)));
        assert_eq!(buffer.bytes(), one);
        buffer.write((map, key, None));
        assert_eq!(buffer.bytes(), one - 10);
        buffer.drop_map(map);
        assert_eq!(buffer.bytes(), 0);
        assert_eq!(buffer.changes().len(), 1);
    }
}
