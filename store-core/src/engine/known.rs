//! What an owner knows of its maps beside what is buffered: by the checkpoint it claimed, and by the cache.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;

use super::{
    cache::{Cache, CachedMap},
    counters::Counters,
};
use crate::backend::{Checkpoint, MapId};

/// The maps of a claim in the cache.
#[derive(Debug)]
pub(super) struct Known {
    cache: Arc<Cache>,
    claim: u64,
    /// What was committed when the task was claimed.
    claimed: Checkpoint,
    maps: HashMap<MapId, Arc<CachedMap>, foldhash::fast::RandomState>,
    counters: Arc<Counters>,
}

impl Known {
    pub(super) fn new(cache: Arc<Cache>, claimed: Checkpoint, counters: Arc<Counters>) -> Self {
        let claim = cache.number();
        Self { cache, claim, claimed, maps: HashMap::default(), counters }
    }

    /// What the cache knows of a key: `Some(None)` for absent, `None` for nothing.
    pub(super) fn get(&mut self, map: MapId, key: &[u8]) -> Option<Option<Bytes>> {
        let (cache, map) = self.cached(map);
        cache.get(map, key)
    }

    /// Keeps what the backend shows of a key, in copies.
    pub(super) fn insert(&mut self, map: MapId, key: &[u8], value: Option<&[u8]>) {
        let (cache, map) = self.cached(map);
        cache.insert(map, key, value);
    }

    /// Keeps a value in the memory that it comes in, which must not be a part of something larger.
    pub(super) fn insert_owned(&mut self, map: MapId, key: &[u8], value: &Bytes) {
        let (cache, map) = self.cached(map);
        cache.insert_as(map, key, Some(value), Bytes::clone);
    }

    /// A map of this claim; whole from the beginning where it is made in this claim.
    pub(super) fn map(&mut self, map: MapId) -> &Arc<CachedMap> {
        self.cached(map).1
    }

    /// The cache, and a map of this claim in it.
    fn cached(&mut self, map: MapId) -> (&Cache, &Arc<CachedMap>) {
        let Self { cache, claim, claimed, maps, counters } = self;
        let map = maps.entry(map).or_insert_with(|| {
            let store = claimed.stores.get(&map.store);
            let empty = store.is_none_or(|store| {
                map.segment.is_some_and(|segment| !store.segments.contains(&segment))
            });
            cache.map(*claim, empty, counters.clone())
        });
        (cache, map)
    }

    /// Bytes that one scan may fill.
    pub(super) fn scan_bytes(&self) -> usize {
        self.cache.scan_bytes()
    }

    /// Lets go of a map that is gone; its entries age out of the cache, since nobody asks for them.
    pub(super) fn drop_map(&mut self, map: MapId) {
        self.maps.remove(&map);
    }

    /// The cache, and the number of this claim in it.
    pub(super) fn cache(&self) -> (Arc<Cache>, u64) {
        (self.cache.clone(), self.claim)
    }
}

impl Drop for Known {
    /// Lets go of what came into the cache until now: a task may be dropped without a `close`, or while it is closed a
    /// commit may still move its writes there.
    fn drop(&mut self) {
        self.cache.forget(self.claim);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Cache, Counters, Known};
    use crate::backend::{Checkpoint, MapId, TaskId};

    #[test]
    fn a_claim_that_is_dropped_leaves_nothing_in_the_cache() {
        const MAP: MapId = MapId::whole(1);
        let cache = Arc::new(Cache::new(1 << 20));
        let counters = Arc::new(Counters::new(&TaskId::new("app", 0).unwrap(), "memory"));
        let claim = || Known::new(cache.clone(), Checkpoint::default(), counters.clone());
        let (mut first, mut second) = (claim(), claim());
        for known in [&mut first, &mut second] {
            known.insert(MAP, b"key", Some(b"value"));
        }
        // Each entry of the cache holds its map.
        let map = Arc::downgrade(first.map(MAP));
        assert_eq!(map.strong_count(), 2);
        drop(first);
        assert_eq!(map.strong_count(), 0);
        assert_eq!(second.get(MAP, b"key"), Some(Some("value".into())));
    }
}
