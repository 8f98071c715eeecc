//! The clean cache: what the backend shows of keys, in memory, bounded in bytes over the tasks of a database.
//!
//! An entry is a value, or that there is none. What is true of an entry is kept true by those who fill it: see
//! [`reads`](super::reads) and [`commit`](super::commit).

use std::{
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use quick_cache::{Equivalent, Lifecycle, OptionsBuilder, Weighter, sync};

use super::{PORTABLE_VALUE_BYTES, counters::Counters};
use crate::sabotage;

/// What one entry costs beside its bytes: its places in the cache, and what the allocator adds.
const ENTRY_OVERHEAD: usize = 192;

/// Shards at most, each with a lock of its own.
const SHARDS: usize = 16;

/// What a shard holds at least where there are several: it takes in nothing that fills it nearly alone, and the largest
/// value should not push out all the others.
const SHARD_BYTES: usize = 4 * PORTABLE_VALUE_BYTES;

type Entries = sync::Cache<Key, Option<Bytes>, Weigh, foldhash::fast::RandomState, Evictions>;

/// The cache of a database, shared by its tasks.
#[derive(Debug)]
pub(crate) struct Cache {
    /// None where it is switched off.
    entries: Option<Entries>,
    numbers: AtomicU64,
}

/// One map of one claim, as the cache knows it. A new claim has others, and so never sees old entries.
#[derive(Debug)]
pub(super) struct CachedMap {
    number: u64,
    claim: u64,
    /// How many values were evicted, or never taken in.
    evictions: AtomicU64,
    /// The evictions after which all its entries were in the cache; `NEVER` where that is not known.
    whole_at: AtomicU64,
    /// How many commits were kept that wrote to it.
    kept: AtomicU64,
    /// Whether the backend held nothing of it when it was claimed.
    born_empty: bool,
    counters: Arc<Counters>,
}

const NEVER: u64 = u64::MAX;

#[derive(Clone, Debug)]
struct Key {
    map: Arc<CachedMap>,
    key: Box<[u8]>,
}

struct Lookup<'a>(u64, &'a [u8]);

#[derive(Clone, Debug)]
struct Weigh;

#[derive(Clone, Debug)]
struct Evictions;

impl Cache {
    /// A cache that holds so many bytes; with 0 it holds nothing.
    pub(crate) fn new(bytes: usize) -> Self {
        let entries = (bytes > 0).then(|| {
            let shards = (bytes / SHARD_BYTES).clamp(1, SHARDS);
            let mut options = OptionsBuilder::new();
            // Only decides how much is remembered of what was evicted.
            options.estimated_items_capacity(bytes / (2 * ENTRY_OVERHEAD) + 1);
            options.weight_capacity(bytes as u64).shards(shards).ghost_allocation(0.25);
            // Invariant: both capacities are set, and nothing else is missing.
            let options = options.build().expect("the options are complete");
            sync::Cache::with_options(options, Weigh, Default::default(), Evictions)
        });
        Self { entries, numbers: AtomicU64::new(0) }
    }

    /// A number that no other claim or map of this cache has.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A map of a claim; `empty` says that the backend holds nothing of it.
    pub(super) fn map(&self, claim: u64, empty: bool, counters: Arc<Counters>) -> Arc<CachedMap> {
        Arc::new(CachedMap {
            number: self.number(),
            claim,
            evictions: AtomicU64::new(0),
            whole_at: AtomicU64::new(if empty { 0 } else { NEVER }),
            kept: AtomicU64::new(0),
            born_empty: empty,
            counters,
        })
    }

    /// What is known of a key: `Some(None)` for absent, `None` for nothing.
    pub(super) fn get(&self, map: &CachedMap, key: &[u8]) -> Option<Option<Bytes>> {
        let entries = self.entries.as_ref();
        let known = entries.and_then(|entries| entries.get(&Lookup(map.number, key)));
        // In this order: what is evicted is counted before it is gone.
        known.or_else(|| map.is_whole().then_some(None))
    }

    /// Keeps what the backend shows of a key, in copies: what it comes from may be a part of something large.
    pub(super) fn insert(&self, map: &Arc<CachedMap>, key: &[u8], value: Option<&[u8]>) {
        self.insert_as(map, key, value, Bytes::copy_from_slice);
    }

    /// As [`insert`](Self::insert), with the value as `own` gives it: no part of something larger.
    pub(super) fn insert_as<V>(
        &self,
        map: &Arc<CachedMap>,
        key: &[u8],
        value: Option<V>,
        own: impl FnOnce(V) -> Bytes,
    ) {
        let Some(entries) = &self.entries else {
            map.evict(value.is_some());
            return;
        };
        if value.is_none() && map.is_whole() {
            // What is not here is absent.
            entries.remove(&Lookup(map.number, key));
            return;
        }
        if sabotage::is_on("engine::absence-kept")
            && value.is_some()
            && entries.peek(&Lookup(map.number, key)) == Some(None)
        {
            return;
        }
        entries.insert(Key { map: map.clone(), key: key.into() }, value.map(own));
    }

    /// As [`insert`](Self::insert), but a key that is not in the cache takes a place only in a map that is known whole.
    pub(super) fn refresh(&self, map: &Arc<CachedMap>, key: &[u8], value: Option<&[u8]>) {
        let entries = self.entries.as_ref();
        let is_here =
            || entries.is_some_and(|entries| entries.contains_key(&Lookup(map.number, key)));
        if map.is_whole() || is_here() {
            self.insert(map, key, value);
        } else {
            map.evict(value.is_some());
        }
    }

    /// Lets go of the entries of a claim.
    pub(super) fn forget(&self, claim: u64) {
        if let Some(entries) = &self.entries {
            entries.retain(|key, _| key.map.claim != claim);
        }
    }

    /// Lets go of everything.
    pub(crate) fn evict_all(&self) {
        if let Some(entries) = &self.entries {
            entries.retain(|key, value| {
                key.map.evict(value.is_some());
                false
            });
        }
    }

    /// Bytes that one scan may fill.
    pub(super) fn scan_bytes(&self) -> usize {
        let bytes = self.entries.as_ref().map_or(0, sync::Cache::capacity) / 2;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// What an entry weighs.
    pub(super) const fn weight(key: &[u8], value: &[u8]) -> usize {
        key.len() + value.len() + ENTRY_OVERHEAD
    }
}

impl CachedMap {
    /// Whether all entries that the backend holds are in the cache.
    pub(super) fn is_whole(&self) -> bool {
        self.evictions.load(Ordering::Acquire) == self.whole_at.load(Ordering::Acquire)
    }

    /// Whether the backend holds nothing of it but what is still buffered.
    pub(super) fn is_empty(&self) -> bool {
        self.born_empty && self.kept() == 0
    }

    /// How many commits were kept that wrote to it.
    pub(super) fn kept(&self) -> u64 {
        self.kept.load(Ordering::Acquire)
    }

    /// A commit that wrote to it is kept from now on.
    pub(super) fn keep(&self) {
        self.kept.fetch_add(1, Ordering::Release);
    }

    /// How many values were evicted so far.
    pub(super) fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Acquire)
    }

    /// Says that all entries are in the cache, if nothing was evicted since there were so many evictions.
    pub(super) fn seen_whole(&self, evictions: u64) {
        self.whole_at.store(evictions, Ordering::Release);
    }

    fn evict(&self, value: bool) {
        // A forgotten absence takes nothing from knowing the whole map.
        if value && !sabotage::is_on("engine::whole-kept") {
            self.evictions.fetch_add(1, Ordering::Release);
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Lookup(self.map.number, &self.key).hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.map.number == other.map.number && self.key == other.key
    }
}

impl Eq for Key {}

impl Hash for Lookup<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
        state.write(self.1);
    }
}

impl Equivalent<Key> for Lookup<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.0 == key.map.number && self.1 == &*key.key
    }
}

impl Weighter<Key, Option<Bytes>> for Weigh {
    fn weight(&self, key: &Key, value: &Option<Bytes>) -> u64 {
        (key.key.len() + value.as_ref().map_or(0, Bytes::len) + ENTRY_OVERHEAD) as u64
    }
}

impl Lifecycle<Key, Option<Bytes>> for Evictions {
    type RequestState = Option<(Key, Option<Bytes>)>;

    fn begin_request(&self) -> Self::RequestState {
        None
    }

    /// Runs for what makes room and for what is too large, not for a value that another replaces; under the shard's lock,
    /// so that nobody misses the entry before it is counted.
    fn before_evict(&self, _: &mut Self::RequestState, key: &Key, value: &mut Option<Bytes>) {
        key.map.evict(value.is_some());
        key.map.counters.evictions.increment(1);
    }

    /// Frees what was evicted or replaced after the shard's lock.
    fn on_evict(&self, evicted: &mut Self::RequestState, key: Key, value: Option<Bytes>) {
        *evicted = Some((key, value));
    }
}
