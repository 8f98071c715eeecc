//! Dropped maps: absent, whatever is stored.

use std::collections::BTreeMap;

use crate::backend::{Checkpoint, MapId};

/// Of each store cut by time, the lowest segment that is not dropped.
///
/// A late write of an earlier owner may come into a map that was removed; the floor hides it.
#[derive(Clone, Debug, Default)]
pub(super) struct Floors(BTreeMap<u32, i64>);

impl Floors {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        let stores = checkpoint.stores.iter();
        Self(stores.filter_map(|(number, store)| Some((*number, store.floor?))).collect())
    }

    /// Whether the map is absent.
    pub(super) fn hide(&self, map: MapId) -> bool {
        let (segment, floor) = (map.segment, self.0.get(&map.store));
        segment.zip(floor).is_some_and(|(segment, floor)| segment < *floor)
    }
}
