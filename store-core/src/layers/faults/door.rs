//! Places where calls can be held.

use std::{collections::BTreeSet, pin::pin};

use futures::future::select;
use tokio::sync::watch;

use super::CallKind;

#[derive(Debug, Default)]
pub(super) struct Doors {
    /// Before calls are sent.
    pub(super) before: Door,
    /// Behind calls that were answered.
    pub(super) after: Door,
}

#[derive(Debug, Default)]
pub(super) struct Door {
    closed: watch::Sender<BTreeSet<CallKind>>,
    waiting: watch::Sender<u64>,
}

impl Doors {
    /// Returns once a call waits at one of them.
    pub(super) async fn held(&self) {
        select(pin!(self.before.wait()), pin!(self.after.wait())).await;
    }
}

impl Door {
    pub(super) fn close(&self, kinds: &[CallKind]) {
        self.closed.send_modify(|closed| closed.extend(kinds));
    }

    pub(super) fn open(&self) {
        self.closed.send_modify(BTreeSet::clear);
    }

    async fn wait(&self) {
        // The sender lives as long as this.
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await;
    }

    /// Waits while calls of the kind are held.
    pub(super) async fn pass(&self, kind: CallKind) {
        if self.closed.borrow().contains(&kind) {
            let _waiting = Waiting::new(&self.waiting);
            let _ = self.closed.subscribe().wait_for(|closed| !closed.contains(&kind)).await;
        }
    }
}

/// Counts a call at the door until it has passed or is given up.
struct Waiting<'a>(&'a watch::Sender<u64>);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a watch::Sender<u64>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}
