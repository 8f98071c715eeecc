//! Checkpoints that do not come back as they were.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{Backend, Checkpoint, Claim, Commit, OwnerId, TaskId},
};

use super::Broken;
use crate::{
    altered::Recorded,
    fault::{Fault, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("checkpoint-stays", "writes are stored without the checkpoint", || {
            Recorded(|new, mut old| {
                old.sequence = new.sequence;
                *new = old;
            })
        }),
        Broken::new("offsets-forgotten", "offsets are not stored", || {
            Recorded(|new, _| new.offsets.clear())
        }),
        Broken::new("offsets-kept", "a forgotten offset stays", || {
            Recorded(|new, old| {
                for (source, next) in old.offsets {
                    new.offsets.entry(source).or_insert(next);
                }
            })
        }),
        Broken::new("offsets-short", "offsets are numbers of 32 bits", || {
            Recorded(|new, _| new.offsets.values_mut().for_each(|next| *next &= 0xffff_ffff))
        }),
        Broken::new("offsets-only-grow", "an offset never goes back", || {
            Recorded(|new, old| {
                for (source, next) in old.offsets {
                    new.offsets.entry(source).and_modify(|new| *new = next.max(*new));
                }
            })
        }),
        Broken::new("sources-cut", "names of sources are cut at 64 bytes", || {
            Recorded(|new, _| {
                let cut = |source: String| source.chars().take(64).collect::<String>();
                let offsets = std::mem::take(&mut new.offsets);
                new.offsets = offsets.into_iter().map(|(source, at)| (cut(source), at)).collect();
            })
        }),
        Broken::new("ahead-forgotten", "what was processed ahead is not stored", || {
            Recorded(|new, _| new.ahead.clear())
        }),
        Broken::new("stores-forgotten", "what the stores are is not stored", || {
            Recorded(|new, _| new.stores.clear())
        }),
        Broken::new("stores-without-case", "names of stores have no case", || {
            Recorded(|new, _| {
                for store in new.stores.values_mut() {
                    let name = store.spec.name.as_str().to_lowercase();
                    store.spec.name = name.parse().expect("a legal name");
                }
            })
        }),
        Broken::new("specs-without-properties", "properties of stores are not stored", || {
            Recorded(|new, _| {
                new.stores.values_mut().for_each(|store| store.spec.properties.clear());
            })
        }),
        Broken::new("stream-time-forgotten", "stream times are not stored", || {
            Recorded(|new, _| new.stores.values_mut().for_each(|store| store.stream_time = None))
        }),
        Broken::new("stream-time-behind", "stream times are those of the commit before", || {
            Recorded(|new, old| {
                for (number, store) in &mut new.stores {
                    store.stream_time = old.stores.get(number).and_then(|old| old.stream_time);
                }
            })
        }),
        Broken::new("segments-forgotten", "live segments are not stored", || {
            Recorded(|new, _| new.stores.values_mut().for_each(|store| store.segments.clear()))
        }),
        Broken::new("floor-forgotten", "the floors of stores are not stored", || {
            Recorded(|new, _| new.stores.values_mut().for_each(|store| store.floor = None))
        }),
        Broken::new("insertions-forgotten", "insertion numbers are not stored", || {
            Recorded(|new, _| new.stores.values_mut().for_each(|store| store.insertions = 0))
        }),
        Broken::new("claim-at-zero", "a claim begins at commit 0", || {
            claimed(|found, _| {
                found.sequence = 0;
            })
        }),
        Broken::new("claim-without-offsets", "a claim gives no offsets", || {
            claimed(|found, _| found.offsets.clear())
        }),
        Broken::new("claim-behind", "a claim gives the checkpoint before the last", || {
            claimed(|found, before| *found = before)
        }),
    ]
}

/// What a claim gives is altered; the second checkpoint is that before the last.
#[derive(Debug)]
struct Claimed {
    alter: fn(&mut Checkpoint, Checkpoint),
    before: Mutex<HashMap<TaskId, Checkpoint>>,
}

fn claimed(alter: fn(&mut Checkpoint, Checkpoint)) -> Claimed {
    Claimed { alter, before: Mutex::default() }
}

#[async_trait]
impl Fault for Claimed {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        let mut claim = sound.claim(task, owner, &[]).await?;
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        (self.alter)(&mut claim.checkpoint, before.get(task).cloned().unwrap_or_default());
        Ok(claim)
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let before = sound.reader.checkpoint().await?;
        sound.writer()?.commit(commit).await?;
        let mut all = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(sound.task.clone(), before);
        Ok(())
    }
}
