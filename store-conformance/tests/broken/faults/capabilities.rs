//! Capabilities that are not there, and state that is not kept.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Capabilities, Commit, MapChange, OwnerId, TaskId},
    memory::MemoryBackend,
};

use super::{Broken, lock};
use crate::{
    altered::Says,
    fault::{Fault, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("says-search", "says that it can search, and cannot", || Blind),
        Broken::new("says-short-keys", "says that keys are shorter than they must be", || {
            Says(|says| says.max_key_bytes = 8 << 10)
        }),
        Broken::new("says-short-values", "says that values are shorter than they must be", || {
            Says(|says| says.max_value_bytes = 8 << 20)
        }),
        Broken::new("says-long-values", "says that it takes values that it refuses", || Limited {
            key: usize::MAX,
            value: (8 << 20) + 64,
        }),
        Broken::new(
            "says-longer-values",
            "says that it takes values far above the portable ones, and does not",
            || Limited { key: usize::MAX, value: 32 << 20 },
        ),
        Broken::new("says-long-keys", "says that it takes keys that it refuses", || Limited {
            key: 20 << 10,
            value: usize::MAX,
        }),
        Broken::new("refuses-large", "refuses values that are portable", || Limited {
            key: usize::MAX,
            value: 1 << 20,
        }),
        Broken::new("handles-apart", "each handle has a state of its own", || Apart),
        Broken::new("says-persistent", "says that it is persistent, and a kill loses all", || {
            Volatile
        }),
        Broken::new("durable-later", "acknowledges a commit that a kill loses", Later::default),
        Broken::new(
            "kill-halves-commit",
            "a kill leaves half of the commit that is on its way",
            Halved::default,
        ),
    ]
}

#[derive(Debug)]
struct Blind;

impl Fault for Blind {
    fn capabilities(&self, says: &mut Capabilities) {
        says.search = true;
    }

    fn searches(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Limited {
    key: usize,
    value: usize,
}

#[async_trait]
impl Fault for Limited {
    /// A sound store that takes no more by itself says that it takes twice as much.
    fn capabilities(&self, says: &mut Capabilities) {
        let twice = self.value.checked_mul(2).unwrap_or_default();
        says.max_value_bytes = says.max_value_bytes.max(twice);
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        for change in commit.changes().values() {
            let MapChange::Write(writes) = change else { continue };
            for (key, put) in writes {
                let value = put.as_ref().map_or(0, |put| put.value.len());
                if key.len() > self.key || value > self.value {
                    return Err(Error::new(ErrorKind::TooLarge, "too large for this store"));
                }
            }
        }
        sound.writer()?.commit(commit).await
    }
}

#[derive(Debug)]
struct Apart;

impl Fault for Apart {
    fn instead(&self) -> Option<MemoryBackend> {
        Some(MemoryBackend::new())
    }
}

#[derive(Debug)]
struct Volatile;

impl Fault for Volatile {
    fn capabilities(&self, says: &mut Capabilities) {
        says.persistent = true;
    }

    fn killed(&self) -> Option<MemoryBackend> {
        Some(MemoryBackend::new())
    }
}

/// What is durable is one commit behind.
#[derive(Debug, Default)]
struct Later {
    durable: MemoryBackend,
    last: Mutex<HashMap<TaskId, Arc<Commit>>>,
}

#[async_trait]
impl Fault for Later {
    fn capabilities(&self, says: &mut Capabilities) {
        says.persistent = true;
    }

    fn killed(&self) -> Option<MemoryBackend> {
        Some(self.durable.clone())
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        sound.writer()?.commit(commit).await?;
        let before = {
            let mut last = lock(&self.last);
            last.insert(sound.task.clone(), commit.clone())
        };
        if let Some(before) = before.filter(|before| before.sequence() < commit.sequence()) {
            let claim = self.durable.claim(&sound.task, OwnerId::random(), &[]).await?;
            claim.writer.commit(&before).await?;
        }
        Ok(())
    }
}

/// A kill leaves all commits that have ended, and of one that has not its number and its first map.
#[derive(Debug, Default)]
struct Halved {
    ended: Mutex<Vec<(TaskId, Arc<Commit>)>>,
    /// By a number of its own.
    on_its_way: Mutex<BTreeMap<u64, (TaskId, Arc<Commit>)>>,
    next: AtomicU64,
}

#[async_trait]
impl Fault for Halved {
    fn capabilities(&self, says: &mut Capabilities) {
        says.persistent = true;
    }

    fn killed(&self) -> Option<MemoryBackend> {
        let left = MemoryBackend::new();
        let mut commits = lock(&self.ended).clone();
        for (task, commit) in std::mem::take(&mut *lock(&self.on_its_way)).into_values() {
            let half = commit.changes().clone().into_iter().take(1).collect();
            commits.push((task, Arc::new(Commit::new(commit.checkpoint().clone(), half))));
        }
        for (task, commit) in &commits {
            // Memory answers at once.
            let claim = left.claim(task, OwnerId::random(), &[]).now_or_never().unwrap().unwrap();
            claim.writer.commit(commit).now_or_never().unwrap().unwrap();
        }
        *lock(&self.ended) = commits;
        Some(left)
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let known = sound.reader.checkpoint().await?.sequence;
        let entry = (sound.task.clone(), commit.clone());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.on_its_way).insert(number, entry.clone());
        tokio::time::sleep(Duration::from_millis(5)).await;
        let killed = lock(&self.on_its_way).remove(&number).is_none();
        if killed {
            return Err(Error::new(ErrorKind::Unavailable, "it was killed"));
        }
        sound.writer()?.commit(commit).await?;
        if commit.sequence() > known {
            lock(&self.ended).push(entry);
        }
        Ok(())
    }
}
