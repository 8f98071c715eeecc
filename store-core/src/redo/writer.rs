//! The owner's side of a task over the primitives.

use std::sync::{Arc, Mutex as StdMutex, MutexGuard as StdGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::try_join_all;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    Body, Lease, LogName, Meta, MetaChange, Pending, RedoConfig, RedoTask, Step, Swap,
    claim::{fenced, lease, next_stamp},
    log,
};
use crate::{
    Effect, Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, Commit, Fence, KeyRange, MapId, Order, Page, PageLimit, Searcher,
        TaskId, TaskReader, TaskWriter,
    },
};

/// Writes one task: log, compare-and-set, apply.
#[derive(Debug)]
pub struct RedoWriter {
    task: TaskId,
    primitives: Arc<dyn RedoTask>,
    config: RedoConfig,
    fence: Fence,
    state: StdMutex<State>,
    /// Held while a commit is logged and decided.
    commit_turn: Mutex<()>,
    /// Held while a commit is applied.
    apply_turn: Mutex<()>,
}

#[derive(Debug)]
struct State {
    sequence: u64,
    checkpoint: Bytes,
    stamp_hi: i64,
    /// A commit whose compare-and-set was sent and not answered: only the very same may be sent again.
    sent: Option<Sent>,
    /// The last decided commit, until it is applied.
    unapplied: Option<Decided>,
    /// Logs of ours that nobody needs once the next mark replaced theirs.
    garbage: Vec<LogName>,
    swept: bool,
    /// A later owner was seen: it stays so.
    fenced: bool,
}

#[derive(Clone, Debug)]
struct Sent {
    commit: Arc<Commit>,
    pending: Pending,
}

#[derive(Clone, Debug)]
struct Decided {
    commit: Arc<Commit>,
    stamp: i64,
    lease: Lease,
}

impl RedoWriter {
    /// The writer after a claim that read `meta` and finished its pending commit.
    pub(super) fn new(
        task: TaskId,
        primitives: Arc<dyn RedoTask>,
        config: RedoConfig,
        meta: &Meta,
    ) -> Self {
        let state = State {
            sequence: meta.sequence,
            checkpoint: meta.checkpoint.clone(),
            stamp_hi: meta.stamp_hi,
            sent: None,
            unapplied: None,
            garbage: Vec::new(),
            swept: false,
            fenced: false,
        };
        Self {
            task,
            primitives,
            config,
            fence: meta.fence,
            state: StdMutex::new(state),
            commit_turn: Mutex::default(),
            apply_turn: Mutex::default(),
        }
    }

    fn state(&self) -> StdGuard<'_, State> {
        // Fields are set one by one and each is whole, so a panic in between loses nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the log, under a name of its own. Nothing is decided yet: a failure leaves garbage and no commit.
    async fn log(&self, commit: &Commit) -> Result<Pending> {
        self.primitives.reached(Step::LogBegun).await?;
        let bytes = log::encode(commit.changes());
        let name = LogName { epoch: self.fence.epoch, attempt: Uuid::new_v4() };
        let body = if bytes.len() <= self.config.inline_bytes {
            Body::Inline(bytes)
        } else {
            self.state().garbage.push(name);
            let (chunks, body) = log::cut(&bytes, self.config.chunk_bytes);
            let puts =
                (0..).zip(&chunks).map(|(n, chunk)| self.primitives.put_chunk(name, n, chunk));
            try_join_all(puts).await?;
            body
        };
        self.primitives.reached(Step::LogWritten).await?;
        let stamp = next_stamp(&self.config, self.state().stamp_hi);
        Ok(Pending { log: name, stamp, body })
    }

    /// The very same again where it was sent before, else a new log.
    async fn prepare(&self, commit: &Arc<Commit>) -> Result<(Pending, bool)> {
        let sent = self.state().sent.clone();
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
                let logged = self.log(commit).await;
                // Whatever a chunk did, no record names this log.
                let pending = logged.map_err(|error| error.with_effect(Effect::NotApplied))?;
                Ok((pending, false))
            }
        }
    }

    async fn decide(&self, commit: &Arc<Commit>, pending: Pending, resent: bool) -> Result<()> {
        self.primitives.reached(Step::Deciding).await?;
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
        match swap.map_err(|error| error.with_effect(Effect::Unknown))? {
            Swap::Applied => {}
            Swap::Refused(meta) => self.refused(meta, commit, &pending, resent)?,
        }
        self.primitives.reached(Step::Decided).await.map_err(|e| e.with_effect(Effect::Unknown))?;
        let mut state = self.state();
        state.sent = None;
        state.sequence = commit.sequence();
        state.checkpoint = commit.encoded_checkpoint().clone();
        state.stamp_hi = pending.stamp;
        state.unapplied = Some(Decided { commit: commit.clone(), stamp: pending.stamp, lease });
        Ok(())
    }

    /// What a refused compare-and-set means: an earlier sending of it worked, or it is final.
    fn refused(
        &self,
        meta: Option<Meta>,
        commit: &Commit,
        pending: &Pending,
        resent: bool,
    ) -> Result<()> {
        let effect = if resent { Effect::Unknown } else { Effect::NotApplied };
        let Some(meta) = meta else {
            return Err(self.lost("is gone").with_effect(effect));
        };
        if meta.fence != self.fence {
            self.state().fenced = true;
            return Err(fenced(&self.task).with_effect(effect));
        }
        let ours = meta.pending.as_ref().is_some_and(|stored| stored.log == pending.log);
        if meta.sequence == commit.sequence() && ours {
            return Ok(());
        }
        if meta.sequence + 1 == commit.sequence() {
            let message =
                format!("the record of task {} could not be changed: try again", self.task);
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        Err(self.lost("is not at the commit it was left at").with_effect(effect))
    }

    fn lost(&self, what: &str) -> Error {
        let message = format!(
            "the record of task {} {what}, so the database has lost acknowledged changes: restore it from a copy",
            self.task
        );
        Error::new(ErrorKind::Corrupt, message)
    }

    /// Applies the last decided commit, if that is still to be done.
    async fn apply_last(&self) -> Result<()> {
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
        let meta = self.primitives.load().await?;
        match meta {
            Some(meta) if meta.fence != self.fence => {
                Err(fenced(&self.task).with_effect(Effect::Applied))
            }
            Some(meta) if meta.sequence == decided.commit.sequence() => Ok(lease),
            _ => Err(self.lost("is not at the commit it was left at")),
        }
    }

    /// Removes logs whose marks were replaced: those of earlier owners once, then our own by name.
    async fn clean(&self, kept: LogName) {
        if self.primitives.reached(Step::Cleaning).await.is_err() {
            return;
        }
        let swept = std::mem::replace(&mut self.state().swept, true);
        if !swept && self.primitives.sweep(self.fence.epoch).await.is_err() {
            self.state().swept = false;
        }
        let garbage: Vec<_> = {
            let mut state = self.state();
            let garbage = state.garbage.iter().copied().filter(|&log| log != kept).collect();
            state.garbage.retain(|&log| log == kept);
            garbage
        };
        for log in garbage {
            if self.primitives.clear(log).await.is_err() {
                // The next owner sweeps what is left.
                return;
            }
        }
    }
}

#[async_trait]
impl TaskWriter for RedoWriter {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        let _turn = self.commit_turn.lock().await;
        if self.state().fenced {
            return Err(fenced(&self.task));
        }
        let decided = self.state().sequence;
        if decided == commit.sequence() {
            return Ok(());
        }
        if decided + 1 != commit.sequence() {
            let message =
                format!("task {} is at commit {decided}, got {}", self.task, commit.sequence());
            return Err(Error::new(ErrorKind::SequenceGap, message));
        }
        let (pending, resent) = self.prepare(commit).await?;
        let kept = pending.log;
        // The record names one log only, so what it names must be in the data before it names another.
        let waited = self.apply_last().await;
        let unsent = if resent { Effect::Unknown } else { Effect::NotApplied };
        waited.map_err(|error| error.with_effect(unsent))?;
        self.decide(commit, pending, resent).await?;
        self.clean(kept).await;
        Ok(())
    }

    async fn apply(&self) -> Result<()> {
        self.apply_last().await
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl TaskReader for RedoWriter {
    fn capabilities(&self) -> &Capabilities {
        self.primitives.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.primitives.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.primitives.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.primitives.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        let stored = self.state().checkpoint.clone();
        if stored.is_empty() { Ok(Checkpoint::default()) } else { Checkpoint::decode(&stored) }
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
