//! Capabilities that are not there, and state that is not kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Capabilities, Commit, MapChange, OwnerId, TaskId},
    memory::MemoryBackend,
};

use super::Broken;
use crate::{
    altered::Says,
    fault::{Fault, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("says-search", "says that it can search, and cannot", || Blind),
        Broken::new("hides-search", "says that it cannot search, and can", || {
            Says(|says| says.search = false)
        }),
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
    ]
}

#[derive(Debug)]
struct Blind;

impl Fault for Blind {
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
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.insert(sound.task.clone(), commit.clone())
        };
        if let Some(before) = before.filter(|before| before.sequence() < commit.sequence()) {
            let claim = self.durable.claim(&sound.task, OwnerId::random(), &[]).await?;
            claim.writer.commit(&before).await?;
        }
        Ok(())
    }
}
