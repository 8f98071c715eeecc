//! What goes wrong between handles of one place, where each handle alone is sound.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{Backend, Changes, Claim, Commit, OwnerId, Page, TaskId},
};

use super::{Broken, fences::EpochOnly, reads::Torn, stale::Hole};
use crate::{
    Key,
    fault::{Fault, Scan, Sound, handle},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new(
            "claims-torn-between-handles",
            "of two claims at once by two handles both may commit",
            TornClaims::default,
        ),
        Broken::new(
            "fence-checked-early",
            "a claim between the check of the fence and the write goes unnoticed",
            CheckedEarly::default,
        ),
        Broken::new(
            "claim-reads-early",
            "a claim gives the checkpoint from before it fenced the earlier owner",
            || ReadsEarly,
        ),
        Broken::new(
            "reads-torn-for-others",
            "an answer by another handle than the owner's is of two moments",
            || ForOthers::of(Torn),
        ),
        Broken::new(
            "scan-hole-for-others",
            "a scan by another handle than the owner's misses what is being written",
            || ForOthers::of(Hole::default()),
        ),
    ]
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The claims of one handle wait for each other, those of several do not.
#[derive(Debug, Default)]
struct TornClaims {
    turns: Mutex<HashMap<usize, Arc<tokio::sync::Mutex<()>>>>,
    claims: EpochOnly,
}

#[async_trait]
impl Fault for TornClaims {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        let turn = lock(&self.turns).entry(handle(sound)).or_default().clone();
        let _turn = turn.lock().await;
        self.claims.claim(sound, task, owner).await
    }
}

/// Checks, and then writes as whoever is the owner by then.
#[derive(Debug, Default)]
struct CheckedEarly(Mutex<HashMap<TaskId, OwnerId>>);

#[async_trait]
impl Fault for CheckedEarly {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        let claim = sound.claim(task, owner, &[]).await?;
        lock(&self.0).insert(task.clone(), owner);
        Ok(claim)
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        // What is there already is accepted from the owner only, and changes nothing.
        let there = Commit::new(sound.reader.checkpoint().await?, Changes::new());
        sound.writer()?.commit(&Arc::new(there)).await?;
        tokio::task::yield_now().await;
        let owner = lock(&self.0).get(&sound.task).copied();
        let Some(owner) = owner else { return sound.writer()?.commit(commit).await };
        // The owner's own claim once more, which fences nobody.
        sound.backend.claim(&sound.task, owner, &[]).await?.writer.commit(commit).await
    }
}

#[derive(Debug)]
struct ReadsEarly;

#[async_trait]
impl Fault for ReadsEarly {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        let early = match sound.read(task).await {
            Ok(reader) => Some(reader.checkpoint().await?),
            Err(_) => None,
        };
        tokio::task::yield_now().await;
        let claim = sound.claim(task, owner, &[]).await?;
        Ok(Claim::new(claim.writer, early.unwrap_or(claim.checkpoint)))
    }
}

/// A fault of what other handles read than that which commits.
#[derive(Debug)]
struct ForOthers<F> {
    fault: F,
    owner: AtomicUsize,
}

impl<F> ForOthers<F> {
    fn of(fault: F) -> Self {
        Self { fault, owner: AtomicUsize::default() }
    }

    fn is_owner(&self, sound: &Sound) -> bool {
        self.owner.load(Ordering::Relaxed) == sound.handle
    }
}

#[async_trait]
impl<F: Fault> Fault for ForOthers<F> {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        if self.is_owner(sound) {
            return sound.reader.get_many(keys).await;
        }
        self.fault.get_many(sound, keys).await
    }

    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        if self.is_owner(sound) {
            return sound.scan(&scan).await;
        }
        self.fault.scan(sound, scan).await
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        self.owner.store(sound.handle, Ordering::Relaxed);
        self.fault.commit(sound, commit).await
    }
}
