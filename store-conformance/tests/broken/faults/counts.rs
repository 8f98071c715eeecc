//! Counters that are kept beside the entries, and do not follow all that takes them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{Backend, Commit, MapChange, MapId, TaskId},
};

use super::{Broken, lock};
use crate::fault::{Fault, Sound};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("count-keeps-dropped", "entries of a dropped map count on", || {
            Counter::of(Missed::Drop)
        }),
        Broken::new("count-of-resent", "entries of a commit sent again count again", || {
            Counter::of(Missed::Resend)
        }),
        Broken::new("count-outlives", "entries of a destroyed task count in its next life", || {
            Counter::of(Missed::Destroy)
        }),
    ]
}

/// What the counter does not see, or sees twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    Drop,
    Resend,
    Destroy,
}

/// By how much it is too high.
#[derive(Debug)]
struct Counter {
    missed: Missed,
    more: Mutex<HashMap<(TaskId, MapId), u64>>,
}

impl Counter {
    fn of(missed: Missed) -> Self {
        Self { missed, more: Mutex::default() }
    }

    fn more(&self) -> MutexGuard<'_, HashMap<(TaskId, MapId), u64>> {
        lock(&self.more)
    }
}

#[async_trait]
impl Fault for Counter {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let again = sound.reader.checkpoint().await?.sequence == commit.sequence();
        let mut more = Vec::new();
        for (map, change) in commit.changes() {
            match (self.missed, change) {
                (Missed::Drop, MapChange::Drop) => {
                    more.push((*map, sound.reader.approximate_len(*map).await?));
                }
                (Missed::Resend, MapChange::Write(writes)) if again => {
                    more.push((*map, writes.len() as u64));
                }
                _ => {}
            }
        }
        sound.writer()?.commit(commit).await?;
        for (map, count) in more {
            *self.more().entry((sound.task.clone(), map)).or_default() += count;
        }
        Ok(())
    }

    async fn destroy(&self, sound: &dyn Backend, task: &TaskId) -> Result<()> {
        let map = MapId::whole(1);
        let there = sound.read(task).await?.approximate_len(map).await?;
        sound.destroy(task).await?;
        self.more().retain(|(other, _), _| other != task);
        if self.missed == Missed::Destroy {
            self.more().insert((task.clone(), map), there);
        }
        Ok(())
    }

    async fn approximate_len(&self, sound: &Sound, map: MapId) -> Result<u64> {
        let more = self.more().get(&(sound.task.clone(), map)).copied();
        Ok(sound.reader.approximate_len(map).await? + more.unwrap_or(0))
    }
}
