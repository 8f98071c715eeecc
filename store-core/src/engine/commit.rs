//! Commit, settle and rollback.

use std::{sync::Arc, time::Instant};

use tokio::sync::OwnedMutexGuard;

use super::{
    Engine, Offsets,
    counters::Part,
    reads::pause,
    state::{Condition, Phase},
};
use crate::{
    Effect, Error, ErrorKind, Result,
    backend::{Commit, MapChange},
    sabotage,
};

/// Entries moved into the cache before others have a turn.
const KEPT_AT_ONCE: usize = 1024;

/// Bytes of such entries: they are copied.
const KEPT_BYTES_AT_ONCE: usize = 1 << 20;

/// Counts a call that brings frozen commits on their way, until it is done or dropped.
#[derive(Debug)]
struct Driver<'a>(&'a Engine);

impl<'a> Driver<'a> {
    fn new(engine: &'a Engine) -> Self {
        engine.state.lock().drivers += 1;
        Self(engine)
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        self.0.state.lock().drivers -= 1;
        self.0.room.notify_waiters();
    }
}

impl Engine {
    /// Commits everything written before the call, with offsets.
    ///
    /// Two calls may be on their way: one applying, one deciding; a third waits. A dropped future leaves the commit
    /// open; the next commit or rollback settles it first.
    pub(crate) async fn commit(&self, offsets: Offsets) -> Result<()> {
        let turn = self.commit_turn.lock().await;
        self.check_open()?;
        let settled = self.settle().await?;
        if settled && self.state.lock().is_committed(&offsets) {
            // The call only repeats the one that was left open.
            return Ok(());
        }
        let asked = Instant::now();
        // Open units finish, new ones wait, and so only whole records are frozen.
        let quiet = match sabotage::is_on("engine::units-cut") {
            false => Some(self.units.write().await),
            true => None,
        };
        // What is frozen takes room from now on, and a write that finds none must know that some will come.
        let _driver = Driver::new(self);
        let commit = {
            let mut state = self.state.lock();
            state.check(&self.task)?;
            self.check_whole(state.condition)?;
            let commit = state.freeze(offsets)?;
            let bytes = state.frozen.back().map_or(0, |frozen| frozen.bytes);
            self.counters.committed_bytes.increment(bytes as u64);
            commit
        };
        drop(quiet);
        self.counters.took(Part::Freeze, asked.elapsed());
        if sabotage::is_on("engine::cache-early") {
            self.keep_one(&commit).await;
        }
        self.decide(&commit).await?;
        let applying = self.apply_turn.clone().lock_owned().await;
        drop(turn);
        self.apply(applying).await
    }

    /// Throws away everything since the last commit. One of unknown outcome is settled first, one on its way ends.
    pub(crate) async fn rollback(&self) -> Result<()> {
        let _turn = self.commit_turn.lock().await;
        self.state.lock().check(&self.task)?;
        {
            // Only this part makes room: below, writes of open units must not wait for it.
            let _driver = Driver::new(self);
            if let Some((commit, Phase::Unknown)) = self.undecided() {
                self.decide(&commit).await?;
            }
            self.finish_applying().await?;
        }
        let quiet = self.units.write().await;
        let mut state = self.state.lock();
        state.check(&self.task)?;
        let discarded = state.roll_back();
        drop(state);
        self.room.notify_waiters();
        drop(quiet);
        drop(discarded);
        Ok(())
    }

    /// Brings to an end what an earlier call left open; whether there was anything.
    async fn settle(&self) -> Result<bool> {
        let undecided = self.undecided();
        let abandoned = !self.state.lock().frozen.is_empty() && self.apply_turn.try_lock().is_ok();
        if undecided.is_none() && !abandoned {
            return Ok(false);
        }
        let _driver = Driver::new(self);
        let Some((commit, _)) = undecided else {
            return self.finish_applying().await.map(|()| true);
        };
        self.decide(&commit).await?;
        // What was sent before is a part of what the caller asks for, and is decided.
        let applied = self.finish_applying().await;
        applied.map_err(|error| error.with_effect(Effect::Unknown))?;
        Ok(true)
    }

    fn undecided(&self) -> Option<(Arc<Commit>, Phase)> {
        let state = self.state.lock();
        let newest = state.frozen.back().filter(|frozen| frozen.phase != Phase::Decided)?;
        Some((newest.commit.clone(), newest.phase))
    }

    /// Sends the newest frozen commit, whose turn it is.
    async fn decide(&self, commit: &Arc<Commit>) -> Result<()> {
        let before = self.set_phase(Phase::Unknown);
        let more = before == Phase::Unknown && sabotage::is_on("engine::resent-with-more");
        let more = more.then(|| self.state.lock().with_more(commit));
        let commit = more.as_ref().unwrap_or(commit);
        tracing::debug!(task = %self.task, sequence = commit.sequence(), writes = commit.len(), "commit");
        let sent = Instant::now();
        match self.writer.commit(commit).await {
            Ok(()) => {
                self.counters.took(Part::Decide, sent.elapsed());
                let mut state = self.state.lock();
                state.committed = commit.checkpoint().clone();
                drop(state);
                self.set_phase(Phase::Decided);
                Ok(())
            }
            Err(error) => Err(self.refused(before, error)),
        }
    }

    fn refused(&self, before: Phase, error: Error) -> Error {
        let context = format!("commit of task {}", self.task);
        let error = error.context(context);
        let resent = before == Phase::Unknown;
        if !self.end_if_final(error.kind()) && error.effect() == Effect::NotApplied {
            self.set_phase(before);
        }
        // An earlier sending of the same commit may have taken effect.
        if resent { error.with_effect(Effect::Unknown) } else { error }
    }

    /// Makes decided commits readable in the backend, then lets go of them.
    async fn apply(&self, _applying: OwnedMutexGuard<()>) -> Result<()> {
        let count = self.state.lock().decided();
        let sent = Instant::now();
        if let Err(error) = self.writer.apply().await {
            let context = format!("commit of task {} is decided but not applied yet", self.task);
            let error = error.context(context).with_effect(Effect::Applied);
            self.end_if_final(error.kind());
            return Err(error);
        }
        self.counters.took(Part::Apply, sent.elapsed());
        self.keep(count).await;
        let mut state = self.state.lock();
        let count = count.min(state.frozen.len());
        let applied: Vec<_> = state.frozen.drain(..count).collect();
        for frozen in &applied {
            for (map, change) in frozen.commit.changes() {
                if *change == MapChange::Drop {
                    state.known.drop_map(*map);
                }
            }
        }
        drop(state);
        self.room.notify_waiters();
        drop(applied);
        Ok(())
    }

    /// Moves what the oldest frozen commits wrote into the cache, while they still hide it there.
    ///
    /// No read of these keys can fill the cache meanwhile: a write, or the beginning of a move where reads are local, ends
    /// those before it, and none starts while it is buffered.
    async fn keep(&self, commits: usize) {
        if !self.cached || sabotage::is_on("engine::cache-early") {
            return;
        }
        let applied: Vec<_> = {
            let mut state = self.state.lock();
            state.moves += 1;
            state.frozen.iter().take(commits).map(|frozen| frozen.commit.clone()).collect()
        };
        for commit in applied {
            self.keep_one(&commit).await;
        }
    }

    async fn keep_one(&self, commit: &Commit) {
        let near = self.writer.local().is_some();
        let (mut kept, mut bytes) = (0, 0);
        for (map, change) in commit.changes() {
            let MapChange::Write(writes) = change else { continue };
            let (cache, map) = {
                let mut state = self.state.lock();
                if state.check(&self.task).is_err() {
                    return;
                }
                (state.known.cache().0, state.known.map(*map).clone())
            };
            map.keep();
            for (key, put) in writes {
                let value = put.as_ref().map(|put| &*put.value);
                // Where a read costs little, what nobody read is not worth a place.
                if near {
                    cache.refresh(&map, key, value);
                } else {
                    cache.insert(&map, key, value);
                }
                kept += 1;
                bytes += key.len() + value.map_or(0, <[u8]>::len);
                if kept >= KEPT_AT_ONCE || bytes >= KEPT_BYTES_AT_ONCE {
                    (kept, bytes) = (0, 0);
                    pause().await;
                }
            }
        }
    }

    /// Waits for an apply on its way, and makes up for one that was left.
    async fn finish_applying(&self) -> Result<()> {
        let applying = self.apply_turn.clone().lock_owned().await;
        if self.state.lock().decided() == 0 {
            return Ok(());
        }
        // Nothing of the call that had to wait for this has happened.
        let waiting = |error: Error| error.with_effect(Effect::NotApplied);
        self.apply(applying).await.map_err(waiting)
    }

    /// Sets the phase of the newest frozen commit and gives the one before.
    fn set_phase(&self, phase: Phase) -> Phase {
        let mut state = self.state.lock();
        let newest = state.frozen.back_mut();
        newest.map_or(phase, |frozen| std::mem::replace(&mut frozen.phase, phase))
    }

    fn check_open(&self) -> Result<()> {
        let state = self.state.lock();
        state.check(&self.task)?;
        self.check_whole(state.condition)
    }

    /// Gives the task up where the backend's word is final; whether it is.
    fn end_if_final(&self, kind: ErrorKind) -> bool {
        let condition = match kind {
            ErrorKind::Fenced => Condition::Fenced,
            ErrorKind::SequenceGap | ErrorKind::Corrupt => Condition::Lost(kind),
            _ => return false,
        };
        if sabotage::is_on("engine::fence-forgotten") {
            return false;
        }
        self.end(condition);
        true
    }

    /// Discards what is uncommitted; later calls are `Closed`. The second call does nothing. A commit on its way may land.
    pub(crate) async fn close(&self) -> Result<()> {
        if self.end(Condition::Closed) { self.writer.close().await } else { Ok(()) }
    }

    /// Gives the task up for good, with its buffers and its part of the cache; false where it was given up so before.
    fn end(&self, condition: Condition) -> bool {
        let (discarded, (cache, claim)) = {
            let mut state = self.state.lock();
            if state.condition == condition {
                return false;
            }
            (state.end(condition), state.known.cache())
        };
        self.room.notify_waiters();
        drop(discarded);
        cache.forget(claim);
        true
    }
}
