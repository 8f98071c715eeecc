//! Applying what is decided, and removing what nobody needs.

use std::{mem, sync::Arc};

use super::{Lease, RedoWriter};
use crate::{
    Effect, Result,
    backend::Commit,
    redo::{
        LogName, MetaChange, Step,
        claim::lease,
        ownership::{check_ours, lost},
    },
};

/// A decided commit that is not known to be applied.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub(super) commit: Arc<Commit>,
    pub(super) stamp: i64,
    pub(super) lease: Lease,
}

impl RedoWriter {
    /// Applies the last decided commit, if that is still to be done.
    pub(in crate::redo) async fn apply_last(&self) -> Result<()> {
        let _turn = self.apply_turn.lock().await;
        let Some(mut decided) = self.state().unapplied.clone() else { return Ok(()) };
        self.primitives.reached(Step::Applying).await?;
        if decided.lease.check().is_err() {
            decided.lease = self.confirm(&decided).await?;
        }
        let changes = decided.commit.changes();
        self.primitives.apply(changes, decided.stamp, &decided.lease).await?;
        self.primitives.reached(Step::Applied).await?;
        self.state().unapplied = None;
        if self.config.clear_at_once {
            let (fence, sequence) = (self.fence, decided.commit.sequence());
            // Only saves readers work: the next commit does it, too.
            let _ = self.primitives.swap(&MetaChange::Clear { fence, sequence }).await;
        }
        Ok(())
    }

    /// Reads the record again before writes are sent long after the commit was decided.
    async fn confirm(&self, decided: &Decided) -> Result<Lease> {
        let lease = lease(&self.config);
        let stored = self.primitives.load().await?;
        let meta = check_ours(&self.task, self.fence, stored);
        let meta = meta.map_err(|error| self.note(error.with_effect(Effect::Applied)))?;
        if meta.sequence != decided.commit.sequence() {
            return Err(lost(&self.task, "is not at the commit it was left at"));
        }
        Ok(lease)
    }

    /// Takes the logs of ours that the record does not name, whatever becomes of what was sent.
    pub(super) fn garbage(&self) -> Vec<LogName> {
        let mut state = self.state();
        let named = [state.marked, state.sent.as_ref().map(|sent| sent.pending.log)];
        let logs = mem::take(&mut state.garbage).into_iter();
        let (kept, garbage) =
            logs.partition(|&log| named.contains(&Some(log)) || state.doubted.contains(&log));
        state.garbage = kept;
        garbage
    }

    /// Removes logs that nobody needs: once those of earlier owners, and ours by name.
    pub(super) async fn clean(&self, garbage: Vec<LogName>) {
        if self.primitives.reached(Step::Cleaning).await.is_err() {
            return;
        }
        let sweeps = {
            let mut state = self.state();
            // Before our first commit the record may name a log of an earlier owner.
            state.marked.is_some() && !mem::replace(&mut state.swept, true)
        };
        if sweeps && self.primitives.sweep(self.fence.epoch).await.is_err() {
            self.state().swept = false;
        }
        for log in garbage {
            if self.primitives.clear(log).await.is_err() {
                // The next owner sweeps what is left.
                return;
            }
        }
    }
}
