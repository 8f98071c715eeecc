//! Whether searches see what they must, or writes are to be laid over what they find, or the index has to be refreshed
//! first.

use std::sync::{Mutex, MutexGuard, PoisonError};

use store_core::{
    backend::{Changes, KeyRange, MapId, Order, Overlay, PageLimit},
    redo::Meta,
};

use crate::unrefreshed::Unrefreshed;

/// What may not be visible to searches yet.
#[derive(Debug)]
pub(crate) struct Freshness(Mutex<State>);

#[derive(Debug)]
struct State {
    /// How often something was written, here or elsewhere.
    written: u64,
    /// Up to which of these it is visible.
    visible: u64,
    /// The last of these of which nobody knows what it was.
    unknown: u64,
    /// What it was, of those of our own after that.
    own: Unrefreshed,
    /// The record read last: epoch, epoch of destruction, commit, and whether that may be unapplied.
    record: Option<(u64, u64, u64, bool)>,
}

impl Default for Freshness {
    /// Nobody knows what was written before.
    fn default() -> Self {
        let (own, record) = (Unrefreshed::default(), None);
        Self(Mutex::new(State { written: 1, visible: 0, unknown: 1, own, record }))
    }
}

impl State {
    /// Of what is not known, nothing else needs to be known: the index is refreshed.
    fn disturb(&mut self) {
        self.written += 1;
        self.unknown = self.written;
        self.own = Unrefreshed::default();
    }
}

impl Freshness {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something may have been written, and nobody knows what.
    pub(crate) fn disturb(&self) {
        self.state().disturb();
    }

    /// Begins to write: what came of it is unknown unless it is said to have arrived.
    pub(crate) const fn writing(&self) -> Writing<'_> {
        Writing(Some(self))
    }

    /// A record was read: where it is another than before, somebody has written.
    pub(crate) fn saw(&self, meta: &Meta) {
        let now = (meta.fence.epoch, meta.destroyed, meta.sequence, meta.pending.is_some());
        let mut state = self.state();
        if state.record.replace(now) != Some(now) {
            state.disturb();
        }
    }

    /// What is to be made visible before a search; none if all of it is.
    pub(crate) fn missing(&self) -> Option<u64> {
        let state = self.state();
        (state.written > state.visible).then_some(state.written)
    }

    /// What is to be laid over a page of a range that is not empty; or what is to be made visible first.
    pub(crate) fn overlay(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Overlay, u64> {
        let state = self.state();
        if state.unknown > state.visible {
            return Err(state.written);
        }
        Ok(state.own.overlay(map, range, order, limit))
    }

    /// A refresh has made so much visible.
    pub(crate) fn refreshed(&self, written: u64) {
        let mut state = self.state();
        if written > state.visible {
            state.visible = written;
            state.own.forget(written);
        }
    }
}

/// A writing on its way.
#[derive(Debug)]
pub(crate) struct Writing<'a>(Option<&'a Freshness>);

impl Writing<'_> {
    /// All of it was acknowledged, and it is what is stored now.
    pub(crate) fn arrived(mut self, changes: &Changes) {
        let Some(freshness) = self.0.take() else { return };
        let mut state = freshness.state();
        state.written += 1;
        let number = state.written;
        if !state.own.add(number, changes) {
            state.disturb();
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if let Some(freshness) = self.0 {
            freshness.disturb();
        }
    }
}

#[cfg(test)]
mod tests;
