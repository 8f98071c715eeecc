//! The owner's side of a task over the primitives.

mod apply;
mod decide;

use std::sync::{Arc, Mutex as StdMutex, MutexGuard as StdGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join;
use tokio::sync::Mutex;

use self::{apply::Decided, decide::Sent};
use super::{Lease, LogName, Meta, RedoConfig, RedoTask, claim::fenced, floors::Floors};
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
    pub(super) primitives: Arc<dyn RedoTask>,
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
    checkpoint: Checkpoint,
    floors: Floors,
    stamp_hi: i64,
    /// A commit whose compare-and-set was sent and not answered: only the very same may be sent again.
    sent: Option<Sent>,
    /// The last decided commit, until it is applied.
    unapplied: Option<Decided>,
    /// The log of our last decided commit, which the record names until the next one is decided.
    marked: Option<LogName>,
    /// Logs of ours, each until the record names another one and it is removed.
    garbage: Vec<LogName>,
    /// Those of `garbage` that a compare-and-set named which is said to have had no effect. A database may be wrong about that, so
    /// they are kept until a later commit is decided.
    doubted: Vec<LogName>,
    /// The last commit of theirs, which is sent again as it was.
    refused: Option<Sent>,
    swept: bool,
    /// A later owner was seen: it stays so.
    fenced: bool,
}

impl RedoWriter {
    /// The writer after a claim that read `meta` with this checkpoint and finished its pending commit.
    pub(super) fn new(
        task: TaskId,
        primitives: Arc<dyn RedoTask>,
        config: RedoConfig,
        meta: &Meta,
        checkpoint: Checkpoint,
    ) -> Self {
        let state = State {
            floors: Floors::of(&checkpoint),
            checkpoint,
            stamp_hi: meta.stamp_hi,
            sent: None,
            unapplied: None,
            marked: None,
            garbage: Vec::new(),
            doubted: Vec::new(),
            refused: None,
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

    /// Remembers that a later owner was seen.
    fn note(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::Fenced {
            self.state().fenced = true;
        }
        error
    }

    /// The number of the last decided commit.
    pub(super) fn sequence(&self) -> u64 {
        self.state().checkpoint.sequence
    }

    fn hides(&self, map: MapId) -> bool {
        self.state().floors.hide(map)
    }
}

#[async_trait]
impl TaskWriter for RedoWriter {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        let _turn = self.commit_turn.lock().await;
        let (decided, fence_lost, unsent) = {
            let state = self.state();
            // What was sent before may have been applied before the later owner came.
            let doubted = state.sent.is_some() || !state.doubted.is_empty();
            let unsent = if doubted { Effect::Unknown } else { Effect::NotApplied };
            (state.checkpoint.sequence, state.fenced, unsent)
        };
        if fence_lost {
            return Err(fenced(&self.task).with_effect(unsent));
        }
        if decided == commit.sequence() {
            return Ok(());
        }
        if decided + 1 != commit.sequence() {
            let message =
                format!("task {} is at commit {decided}, got {}", self.task, commit.sequence());
            return Err(Error::new(ErrorKind::SequenceGap, message));
        }
        let garbage = self.garbage();
        let (prepared, ()) = join(self.prepare(commit), self.clean(garbage)).await;
        let (pending, resent) = prepared?;
        // The record names one log only, so what it names must be in the data before it names another.
        let waited = self.apply_last().await;
        waited.map_err(|error| error.with_effect(unsent))?;
        self.decide(commit, pending, resent).await
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
        let mut values = self.primitives.get_many(keys).await?;
        for ((map, _), value) in keys.iter().zip(&mut values) {
            value.take_if(|_| self.hides(*map));
        }
        Ok(values)
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        if self.hides(map) {
            return Ok(Page::default());
        }
        self.primitives.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        if self.hides(map) {
            return Ok(0);
        }
        self.primitives.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        Ok(self.state().checkpoint.clone())
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        self.primitives.searcher().map(|_| self as &dyn Searcher)
    }
}
