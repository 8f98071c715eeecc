//! Per-key locks, so that no two operations on one key lose a write.

use std::{
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use hashbrown::{HashTable, hash_table::Entry};
use tokio::sync::OwnedMutexGuard;

type Mutual = Arc<tokio::sync::Mutex<()>>;

const SHARDS: usize = 16;

/// Locks made when asked for and gone when nobody holds or awaits them.
#[derive(Debug, Default)]
pub(super) struct KeyLocks {
    shards: [Mutex<HashTable<Lock>>; SHARDS],
    /// Seeded: nobody who chooses the keys chooses which of them collide.
    hasher: foldhash::fast::RandomState,
}

#[derive(Debug)]
struct Lock {
    hash: u64,
    key: LockedKey,
    mutual: Mutual,
}

/// A user key of a store.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct LockedKey(u32, Bytes);

impl KeyLocks {
    /// Waits for the lock of a user key of a store.
    ///
    /// Dropping the future gives up the place in the queue.
    pub(super) async fn lock(self: &Arc<Self>, store: u32, key: Bytes) -> KeyGuard {
        let key = LockedKey(store, key);
        let hash = self.hasher.hash_one(&key);
        let mutual = self.mutual(hash, &key);
        // The slot exists before the wait, so that a dropped wait also clears the table.
        let mut slot = KeyGuard { locks: self.clone(), hash, key, held: None };
        slot.held = Some(mutual.lock_owned().await);
        slot
    }

    fn mutual(&self, hash: u64, key: &LockedKey) -> Mutual {
        match self.shard(hash).entry(hash, |lock| lock.key == *key, |lock| lock.hash) {
            Entry::Occupied(known) => known.get().mutual.clone(),
            Entry::Vacant(place) => {
                let mutual = Mutual::default();
                place.insert(Lock { hash, key: key.clone(), mutual: mutual.clone() });
                mutual
            }
        }
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, HashTable<Lock>> {
        let index = usize::try_from(hash % SHARDS as u64).unwrap_or_default();
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds the lock of one key until dropped.
#[derive(Debug)]
pub(super) struct KeyGuard {
    locks: Arc<KeyLocks>,
    hash: u64,
    key: LockedKey,
    held: Option<OwnedMutexGuard<()>>,
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        self.held = None;
        let mut shard = self.locks.shard(self.hash);
        if let Ok(known) = shard.find_entry(self.hash, |lock| lock.key == self.key)
            // Clones are only made under the shard's lock, so one reference means nobody else knows the lock.
            && Arc::strong_count(&known.get().mutual) == 1
        {
            known.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use futures::FutureExt;

    use super::KeyLocks;

    fn known(locks: &KeyLocks) -> usize {
        locks.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }

    #[tokio::test]
    async fn one_holder_per_key_and_nothing_left_behind() {
        let locks = Arc::new(KeyLocks::default());
        let key = Bytes::from_static(b"k");
        let first = locks.lock(1, key.clone()).await;
        let other_store = locks.lock(2, key.clone()).await;
        {
            let mut second = Box::pin(locks.lock(1, key.clone()));
            assert!(second.as_mut().now_or_never().is_none());
        }
        assert_eq!(known(&locks), 2);
        drop((first, other_store));
        assert_eq!(known(&locks), 0);
        let second = locks.lock(1, key).await;
        drop(second);
        assert_eq!(known(&locks), 0);
    }
}
