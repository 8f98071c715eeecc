//! What goes wrong between handles of one place, where each handle alone is sound.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{Backend, Changes, Checkpoint, Claim, Commit, MapChange, OwnerId, Page, TaskId},
};

use super::{Broken, fences::EpochOnly, lock, reads::Torn, stale::Hole};
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
        Broken::new(
            "unapplied-unseen",
            "others see an acknowledged commit only once its owner applied it",
            Unapplied::default,
        ),
    ]
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

/// What the last commit replaced, until it is applied: by its task the checkpoint and the values.
#[derive(Debug, Default)]
struct Unapplied(Mutex<HashMap<TaskId, Replaced>>);

type Replaced = (Checkpoint, HashMap<Key, Option<Bytes>>);

#[async_trait]
impl Fault for Unapplied {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        lock(&self.0).remove(task);
        sound.claim(task, owner, &[]).await
    }

    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let mut found = sound.reader.get_many(keys).await?;
        if sound.writer.is_none()
            && let Some((_, replaced)) = lock(&self.0).get(&sound.task)
        {
            for (key, found) in keys.iter().zip(&mut found) {
                if let Some(value) = replaced.get(key) {
                    found.clone_from(value);
                }
            }
        }
        Ok(found)
    }

    async fn checkpoint(&self, sound: &Sound) -> Result<Checkpoint> {
        let checkpoint = sound.reader.checkpoint().await?;
        let replaced = lock(&self.0).get(&sound.task).map(|(before, _)| before.clone());
        Ok(replaced.filter(|_| sound.writer.is_none()).unwrap_or(checkpoint))
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let writes = commit.changes().iter().filter_map(|(map, change)| match change {
            MapChange::Write(writes) => Some(writes.keys().map(|key| (*map, key.clone()))),
            MapChange::Drop => None,
        });
        let keys: Vec<_> = writes.flatten().collect();
        let before = sound.reader.checkpoint().await?;
        let values = sound.reader.get_many(&keys).await?;
        sound.writer()?.commit(commit).await?;
        if before.sequence < commit.sequence() {
            let replaced = (before, keys.into_iter().zip(values).collect());
            lock(&self.0).insert(sound.task.clone(), replaced);
        }
        Ok(())
    }

    async fn apply(&self, sound: &Sound) -> Result<()> {
        lock(&self.0).remove(&sound.task);
        sound.writer()?.apply().await
    }
}
