//! Faults that were asked for, and the calls that came.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::{CallKind, Fault};
use crate::backend::{Commit, TaskWriter};

/// A commit that nobody waits for any more, and where it goes.
type Late = (Arc<dyn TaskWriter>, Arc<Commit>);

#[derive(Debug, Default)]
pub(super) struct Script {
    /// For which kinds of calls, and what they meet.
    faults: Vec<(Vec<CallKind>, VecDeque<Fault>)>,
    calls: BTreeMap<CallKind, u64>,
    pub(super) late: Vec<Late>,
    pub(super) met: u64,
}

impl Script {
    pub(super) fn extend(&mut self, kinds: &[CallKind], faults: impl IntoIterator<Item = Fault>) {
        let place = self.faults.iter().position(|(others, _)| others == kinds);
        let place = place.unwrap_or_else(|| {
            self.faults.push((kinds.to_vec(), VecDeque::new()));
            self.faults.len() - 1
        });
        self.faults[place].1.extend(faults);
    }

    pub(super) fn next(&mut self, kind: CallKind) -> Option<Fault> {
        let mut of_kind = self.faults.iter_mut().filter(|(kinds, _)| kinds.contains(&kind));
        of_kind.find_map(|(_, faults)| faults.pop_front())
    }

    pub(super) fn clear(&mut self) {
        self.faults.clear();
        self.calls.clear();
        self.met = 0;
    }

    pub(super) fn count(&mut self, kind: CallKind) {
        *self.calls.entry(kind).or_default() += 1;
    }

    pub(super) fn calls(&self, kind: CallKind) -> u64 {
        self.calls.get(&kind).copied().unwrap_or(0)
    }

    pub(super) fn take_late(&mut self) -> Vec<Late> {
        std::mem::take(&mut self.late)
    }
}
