//! Per-key locks, so that no two operations on one key lose a write.

use std::{
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use hashbrown::{HashTable, hash_table::Entry};
use tokio::sync::Semaphore;

const SHARDS: usize = 16;

/// Locks made when asked for and gone when nobody holds or awaits them.
#[derive(Debug, Default)]
pub(super) struct KeyLocks {
    shards: [Mutex<HashTable<Lock>>; SHARDS],
    /// Seeded: nobody who chooses the keys chooses which of them collide.
    hasher: foldhash::fast::RandomState,
}

/// The lock of a key, from its first holder on.
#[derive(Debug)]
struct Lock {
    hash: u64,
    key: LockedKey,
    queue: Option<Queue>,
}

/// Where those wait who come while somebody holds a lock, each with a reference: its permit is the lock, handed on.
///
/// References are only made under the shard's lock; one beside that of the table means that somebody may wait.
type Queue = Arc<Semaphore>;

/// A user key of a store.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(super) struct LockedKey(pub(super) u32, pub(super) Bytes);

impl KeyLocks {
    /// Waits for the lock of a user key of a store.
    ///
    /// Dropping the future gives up the place in the queue.
    pub(super) async fn lock(self: &Arc<Self>, store: u32, key: Bytes) -> KeyGuard {
        let key = LockedKey(store, key);
        let hash = self.hasher.hash_one(&key);
        let queue = self.take(hash, &key);
        // Made before the wait, so that a dropped wait also clears the table.
        let mut guard = KeyGuard { locks: self.clone(), hash, key, queue };
        if let Some(queue) = &guard.queue {
            // Invariant: nobody closes a queue.
            queue.acquire().await.expect("a queue stays open").forget();
            guard.queue = None;
        }
        guard
    }

    /// Does something while nobody holds the lock of a key, and nobody gets it meanwhile; `None` where somebody holds or awaits it.
    ///
    /// For work that takes no lock of this table, at a fraction of what taking the lock costs.
    pub(super) fn if_free<T>(&self, key: &LockedKey, work: impl FnOnce() -> T) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        let shard = self.shard(hash);
        let is_known = shard.find(hash, |lock| lock.key == *key).is_some();
        (!is_known).then(work)
    }

    /// Takes a lock that nobody knows; else gives the queue for it.
    fn take(&self, hash: u64, key: &LockedKey) -> Option<Queue> {
        match self.shard(hash).entry(hash, |lock| lock.key == *key, |lock| lock.hash) {
            Entry::Occupied(mut known) => {
                let queue = &mut known.get_mut().queue;
                Some(queue.get_or_insert_with(|| Arc::new(Semaphore::new(0))).clone())
            }
            Entry::Vacant(place) => {
                place.insert(Lock { hash, key: key.clone(), queue: None });
                None
            }
        }
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, HashTable<Lock>> {
        self.shard_of(hash).lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard_of(&self, hash: u64) -> &Mutex<HashTable<Lock>> {
        &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or_default()]
    }
}

/// Holds the lock of one key until dropped.
#[derive(Debug)]
pub(super) struct KeyGuard {
    locks: Arc<KeyLocks>,
    hash: u64,
    key: LockedKey,
    /// None once the lock is held.
    queue: Option<Queue>,
}

impl KeyGuard {
    /// Removes a lock that nobody awaits; else gives the queue that it is handed on by.
    fn release(&self) -> Option<Queue> {
        let mut shard = self.locks.shard(self.hash);
        let known = shard.find_entry(self.hash, |lock| lock.key == self.key).ok()?;
        let queue = known.get().queue.as_ref().filter(|queue| Arc::strong_count(queue) > 1);
        let queue = queue.cloned();
        if queue.is_none() {
            known.remove();
        }
        queue
    }

    /// Removes a lock that was handed on and that all who awaited it have given up.
    fn tidy(&self) {
        let mut shard = self.locks.shard(self.hash);
        let nobody = |queue: &Queue| Arc::strong_count(queue) == 1 && queue.available_permits() > 0;
        if let Ok(known) = shard.find_entry(self.hash, |lock| lock.key == self.key)
            && known.get().queue.as_ref().is_some_and(nobody)
        {
            known.remove();
        }
    }
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        if self.queue.take().is_none() {
            let Some(queue) = self.release() else { return };
            // Outside of the shard's lock: it wakes somebody.
            queue.add_permits(1);
        }
        self.tidy();
    }
}

#[cfg(test)]
mod tests {
    use std::{hash::BuildHasher, sync::Arc};

    use bytes::Bytes;
    use futures::FutureExt;

    use super::{KeyLocks, LockedKey};

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

    #[tokio::test]
    async fn work_is_done_only_while_nobody_holds_the_lock() {
        let locks = Arc::new(KeyLocks::default());
        let key = Bytes::from_static(b"k");
        let locked = LockedKey(1, key.clone());
        let held = locks.lock(1, key.clone()).await;
        assert_eq!(locks.if_free(&locked, || ()), None);
        let other_store = LockedKey(2, key.clone());
        let hash = locks.hasher.hash_one(&other_store);
        let nobody_gets_it = || locks.shard_of(hash).try_lock().is_err();
        assert_eq!(locks.if_free(&other_store, nobody_gets_it), Some(true));
        assert_eq!(locks.if_free(&LockedKey(1, Bytes::from_static(b"l")), || ()), Some(()));
        // It is handed on, and never free in between.
        let mut waits = Box::pin(locks.lock(1, key.clone()));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(held);
        assert_eq!(locks.if_free(&locked, || ()), None);
        drop(waits);
        assert_eq!(locks.if_free(&locked, || ()), Some(()));
        assert_eq!(known(&locks), 0);
    }

    #[tokio::test]
    async fn a_lock_is_handed_on_in_turn_past_those_who_gave_up() {
        let locks = Arc::new(KeyLocks::default());
        let key = Bytes::from_static(b"k");
        let first = locks.lock(1, key.clone()).await;
        let waiting = || Box::pin(locks.lock(1, key.clone()));
        let [mut second, mut third, mut fourth] = [waiting(), waiting(), waiting()];
        for wait in [&mut second, &mut third, &mut fourth] {
            assert!(wait.as_mut().now_or_never().is_none());
        }
        drop(first);
        assert!(fourth.as_mut().now_or_never().is_none(), "it is not its turn");
        // It was handed the lock and never looked.
        drop(second);
        let third = third.now_or_never().expect("its turn came");
        drop(third);
        drop(fourth);
        assert_eq!(known(&locks), 0);
    }
}
