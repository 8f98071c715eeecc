//! Whether searches see what they must, or the index has to be refreshed first.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use store_core::redo::Meta;

/// Counts what may not be visible to searches yet.
#[derive(Debug)]
pub(crate) struct Freshness {
    /// How often something was written, here or elsewhere.
    written: AtomicU64,
    /// Up to which of these it is visible.
    visible: AtomicU64,
    /// The record read last: epoch, epoch of destruction, commit, and whether that may be unapplied.
    state: Mutex<Option<(u64, u64, u64, bool)>>,
}

impl Default for Freshness {
    /// Nobody knows what was written before.
    fn default() -> Self {
        Self { written: AtomicU64::new(1), visible: AtomicU64::new(0), state: Mutex::default() }
    }
}

impl Freshness {
    /// Something was written and acknowledged.
    pub(crate) fn wrote(&self) {
        self.written.fetch_add(1, Ordering::AcqRel);
    }

    /// A record was read: where it is another than before, somebody has written.
    pub(crate) fn saw(&self, meta: &Meta) {
        let now = (meta.fence.epoch, meta.destroyed, meta.sequence, meta.pending.is_some());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.replace(now) != Some(now) {
            self.wrote();
        }
    }

    /// What is to be made visible before a search; none if all of it is.
    pub(crate) fn missing(&self) -> Option<u64> {
        let written = self.written.load(Ordering::Acquire);
        (written > self.visible.load(Ordering::Acquire)).then_some(written)
    }

    /// A refresh has made so much visible.
    pub(crate) fn refreshed(&self, written: u64) {
        self.visible.fetch_max(written, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use store_core::{
        backend::{Fence, OwnerId},
        redo::Meta,
    };

    use super::Freshness;

    #[test]
    fn one_refresh_is_enough_until_something_is_written() {
        let freshness = Freshness::default();
        let first = freshness.missing().unwrap();
        // Written while the refresh is on its way: it may have missed it.
        freshness.wrote();
        freshness.refreshed(first);
        let second = freshness.missing().unwrap();
        freshness.refreshed(second);
        assert_eq!(freshness.missing(), None);
        freshness.refreshed(first);
        assert_eq!(freshness.missing(), None);
    }

    #[test]
    fn another_record_says_that_somebody_wrote() {
        let freshness = Freshness::default();
        let mut meta = Meta::new(Fence::new(1, OwnerId::from_u128(1)));
        let mut see = |change: fn(&mut Meta)| {
            change(&mut meta);
            freshness.saw(&meta);
            let missing = freshness.missing();
            freshness.refreshed(missing.unwrap_or_default());
            missing.is_some()
        };
        assert!(see(|_| ()));
        assert!(!see(|_| ()));
        assert!(see(|meta| meta.sequence = 1));
        assert!(see(|meta| meta.fence.epoch = 2));
        assert!(see(|meta| meta.destroyed = 2));
        assert!(!see(|_| ()));
    }
}
