//! Writing the log, and the one compare-and-set that decides.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::{super::log, Decided, Floors, RedoWriter};
use crate::{
    Effect, Error, ErrorKind, Result,
    backend::Commit,
    redo::{
        Body, LogName, Meta, MetaChange, Pending, Step, Swap,
        claim::{lease, next_stamp},
        ownership::{check_ours, lost},
    },
};

/// Chunks of one log that are written at a time.
const CHUNKS_AT_ONCE: usize = 8;

/// A commit whose compare-and-set is on its way, or was and had no answer.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    commit: Arc<Commit>,
    pub(super) pending: Pending,
}

impl RedoWriter {
    /// The very same again where it was sent before, else a new log; and whether it was sent before.
    pub(super) async fn prepare(&self, commit: &Arc<Commit>) -> Result<(Pending, bool)> {
        let (sent, refused) = {
            let state = self.state();
            (state.sent.clone(), state.refused.clone())
        };
        let refused = refused.filter(|refused| Arc::ptr_eq(&refused.commit, commit));
        match sent {
            Some(sent) if Arc::ptr_eq(&sent.commit, commit) => Ok((sent.pending, true)),
            Some(_) => {
                let message = format!(
                    "commit {} of task {} was sent with other content and is not settled",
                    commit.sequence(),
                    self.task
                );
                Err(Error::new(ErrorKind::InvalidArgument, message))
            }
            None => {
                if let Some(Sent { pending, .. }) = refused {
                    return Ok((pending, false));
                }
                let logged = self.log(commit).await;
                // Whatever a chunk did, no record names this log.
                let pending = logged.map_err(|error| error.with_effect(Effect::NotApplied))?;
                Ok((pending, false))
            }
        }
    }

    /// Writes the log, under a name of its own. Nothing is decided yet: a failure leaves garbage and no commit.
    async fn log(&self, commit: &Commit) -> Result<Pending> {
        self.primitives.reached(Step::LogBegun).await?;
        let bytes = log::encode(commit.changes());
        let name = LogName::begun(self.fence.epoch, self.config.clock.wall_micros());
        let body = if bytes.len() <= self.config.inline_bytes {
            Body::Inline(bytes)
        } else {
            self.state().garbage.push(name);
            // What is decided must be applied, so no write may be larger than what the database has taken here.
            let chunk_bytes = self.config.chunk_bytes.max(log::largest(commit.changes()));
            let (chunks, body) = log::cut(&bytes, chunk_bytes);
            let puts =
                (0..).zip(&chunks).map(|(n, chunk)| self.primitives.put_chunk(name, n, chunk));
            let puts: Vec<_> = puts.collect();
            stream::iter(puts).buffer_unordered(CHUNKS_AT_ONCE).try_collect::<()>().await?;
            body
        };
        self.primitives.reached(Step::LogWritten).await?;
        let stamp = next_stamp(&self.config, self.state().stamp_hi);
        Ok(Pending { log: name, stamp, body })
    }

    pub(super) async fn decide(
        &self,
        commit: &Arc<Commit>,
        pending: Pending,
        resent: bool,
    ) -> Result<()> {
        let unsent = if resent { Effect::Unknown } else { Effect::NotApplied };
        let reached = self.primitives.reached(Step::Deciding).await;
        reached.map_err(|error| error.with_effect(unsent))?;
        let change = MetaChange::Commit {
            fence: self.fence,
            previous: commit.sequence() - 1,
            sequence: commit.sequence(),
            pending: pending.clone(),
            checkpoint: commit.encoded_checkpoint().clone(),
        };
        let lease = lease(&self.config);
        self.state().sent = Some(Sent { commit: commit.clone(), pending: pending.clone() });
        let swap = self.primitives.swap(&change).await;
        match swap.map_err(|error| self.unanswered(error, resent))? {
            Swap::Applied => {}
            Swap::Refused(meta) => {
                let refused = self.refused(meta, commit, &pending, unsent);
                refused.map_err(|error| self.note(error))?;
            }
        }
        self.primitives.reached(Step::Decided).await.map_err(|e| e.with_effect(Effect::Unknown))?;
        let mut state = self.state();
        state.sent = None;
        state.doubted.clear();
        state.refused = None;
        state.floors = Floors::of(commit.checkpoint());
        state.checkpoint = commit.checkpoint().clone();
        state.stamp_hi = pending.stamp;
        state.marked = Some(pending.log);
        state.unapplied = Some(Decided { commit: commit.clone(), stamp: pending.stamp, lease });
        Ok(())
    }

    /// What an error instead of an answer means: only the first sending can be known to have had no effect.
    fn unanswered(&self, error: Error, resent: bool) -> Error {
        if resent || error.effect() != Effect::NotApplied {
            return error.with_effect(Effect::Unknown);
        }
        let mut state = self.state();
        if let Some(sent) = state.sent.take() {
            if !state.doubted.contains(&sent.pending.log) {
                state.doubted.push(sent.pending.log);
            }
            state.refused = Some(sent);
        }
        error
    }

    /// What a refused compare-and-set means: an earlier sending of it worked, or it is final.
    fn refused(
        &self,
        meta: Option<Meta>,
        commit: &Commit,
        pending: &Pending,
        unsent: Effect,
    ) -> Result<()> {
        // A later owner may stand on what was said not to be applied.
        let doubted = !self.state().doubted.is_empty();
        let unsent = if doubted { Effect::Unknown } else { unsent };
        let ours = check_ours(&self.task, self.fence, meta);
        let meta = ours.map_err(|error| error.with_effect(unsent))?;
        let ours = meta.pending.as_ref().is_some_and(|stored| stored.log == pending.log);
        if meta.sequence == commit.sequence() && ours {
            return Ok(());
        }
        let named = meta.pending.as_ref().map(|stored| stored.log);
        if meta.sequence == commit.sequence()
            && named.is_some_and(|log| self.state().doubted.contains(&log))
        {
            let message = format!(
                "commit {} of task {} had been applied when it was said not to be: open the task again",
                commit.sequence(),
                self.task
            );
            return Err(Error::new(ErrorKind::SequenceGap, message).with_effect(Effect::Unknown));
        }
        if meta.sequence + 1 == commit.sequence() {
            let message =
                format!("the record of task {} could not be changed: try again", self.task);
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        Err(lost(&self.task, "is not at the commit it was left at").with_effect(unsent))
    }
}
