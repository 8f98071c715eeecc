//! Answers from an earlier time, as a cache gives them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{Checkpoint, Commit, KeyRange, MapChange, MapId, Order, Page, TaskId},
};

use super::{Broken, lock, others_go_on};
use crate::{
    Key,
    fault::{Fault, Scan, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("cache-for-ever", "a value that was read once stays", || Cache::of(Kept::All)),
        Broken::new("cache-of-absence", "a key that was absent stays so", || {
            Cache::of(Kept::Absent)
        }),
        Broken::new("cache-of-readers", "readers never see anything new", || {
            Cache::of(Kept::Readers)
        }),
        Broken::new("cache-past-drop", "a cache does not notice dropped maps", || {
            Cache::of(Kept::Written)
        }),
        Broken::new("cache-filled-late", "an old read fills the cache after a commit", || {
            Cache::of(Kept::Late)
        }),
        Broken::new("pages-cached", "the first page of a range stays", PageCache::default),
        Broken::new("reads-once-old", "the first read after a commit is old", Old::default),
        Broken::new("scan-hole", "a scan during a commit misses what it writes", Hole::default),
        Broken::new(
            "rows-age",
            "a segment that nobody touched for a second is gone",
            Aging::default,
        ),
        Broken::new(
            "checkpoint-cached",
            "readers see the first checkpoint for ever",
            Frozen::default,
        ),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    All,
    Absent,
    Readers,
    Written,
    Late,
}

/// Answers by the task and the key.
#[derive(Debug)]
struct Cache {
    kept: Kept,
    answers: Mutex<HashMap<(TaskId, Key), Option<Bytes>>>,
}

impl Cache {
    fn of(kept: Kept) -> Self {
        Self { kept, answers: Mutex::default() }
    }

    fn keeps(&self, sound: &Sound, answer: Option<&Bytes>) -> bool {
        match self.kept {
            Kept::All => true,
            Kept::Absent => answer.is_none(),
            Kept::Readers => sound.writer.is_none(),
            Kept::Written | Kept::Late => sound.writer.is_some(),
        }
    }
}

#[async_trait]
impl Fault for Cache {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let mut found = sound.reader.get_many(keys).await?;
        if self.kept == Kept::Late {
            others_go_on(4).await;
        }
        let mut answers = lock(&self.answers);
        for (key, answer) in keys.iter().zip(&mut found) {
            let place = (sound.task.clone(), key.clone());
            if let Some(kept) = answers.get(&place) {
                if self.kept != Kept::Readers || sound.writer.is_none() {
                    answer.clone_from(kept);
                }
            } else if self.keeps(sound, answer.as_ref()) {
                answers.insert(place, answer.clone());
            }
        }
        Ok(found)
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        sound.writer()?.commit(commit).await?;
        if !matches!(self.kept, Kept::Written | Kept::Late) {
            return Ok(());
        }
        let dropped =
            |map| self.kept == Kept::Late && commit.changes().get(&map) == Some(&MapChange::Drop);
        lock(&self.answers).retain(|(task, (map, key)), _| {
            *task != sound.task || !(dropped(*map) || writes(commit, *map, key))
        });
        Ok(())
    }
}

fn writes(commit: &Commit, map: MapId, key: &Bytes) -> bool {
    let change = commit.changes().get(&map);
    matches!(change, Some(MapChange::Write(writes)) if writes.contains_key(key))
}

type Asked = (TaskId, MapId, KeyRange, bool, usize);

#[derive(Debug, Default)]
struct PageCache(Mutex<HashMap<Asked, Page>>);

#[async_trait]
impl Fault for PageCache {
    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        let backward = scan.order == Order::Backward;
        let asked =
            (sound.task.clone(), scan.map, scan.range.clone(), backward, scan.limit.entries);
        let page = sound.scan(&scan).await?;
        Ok(lock(&self.0).entry(asked).or_insert(page).clone())
    }
}

/// What the last commit wrote over, until it was read once.
#[derive(Debug, Default)]
struct Old(Mutex<HashMap<(TaskId, Key), Option<Bytes>>>);

#[async_trait]
impl Fault for Old {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let mut found = sound.reader.get_many(keys).await?;
        let mut old = lock(&self.0);
        for (key, answer) in keys.iter().zip(&mut found) {
            if let Some(old) = old.remove(&(sound.task.clone(), key.clone())) {
                *answer = old;
            }
        }
        Ok(found)
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let writes = commit.changes().iter().filter_map(|(map, change)| match change {
            MapChange::Write(writes) => Some(writes.keys().map(|key| (*map, key.clone()))),
            MapChange::Drop => None,
        });
        let keys: Vec<_> = writes.flatten().collect();
        let before = sound.reader.get_many(&keys).await?;
        sound.writer()?.commit(commit).await?;
        let keys = keys.into_iter().map(|key| (sound.task.clone(), key));
        lock(&self.0).extend(keys.zip(before));
        Ok(())
    }
}

/// While a commit is on its way, scans find nothing.
#[derive(Debug, Default)]
pub(super) struct Hole(AtomicBool);

#[async_trait]
impl Fault for Hole {
    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        if self.0.load(Ordering::Relaxed) {
            return Ok(Page::default());
        }
        sound.scan(&scan).await
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        self.0.store(true, Ordering::Relaxed);
        others_go_on(20).await;
        let told = sound.writer()?.commit(commit).await;
        self.0.store(false, Ordering::Relaxed);
        told
    }
}

/// When each segment was last written or read, by the clock on the wall.
#[derive(Debug, Default)]
struct Aging(Mutex<HashMap<(TaskId, MapId), Instant>>);

impl Aging {
    fn is_gone(&self, sound: &Sound, map: MapId) -> bool {
        let mut touched = lock(&self.0);
        let Some(at) = touched.get_mut(&(sound.task.clone(), map)) else { return false };
        let gone = map.segment.is_some() && at.elapsed() > Duration::from_secs(1);
        if !gone {
            *at = Instant::now();
        }
        gone
    }
}

#[async_trait]
impl Fault for Aging {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let found = sound.reader.get_many(keys).await?;
        let aged = keys.iter().zip(found);
        Ok(aged.map(|((map, _), found)| found.filter(|_| !self.is_gone(sound, *map))).collect())
    }

    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        if self.is_gone(sound, scan.map) { Ok(Page::default()) } else { sound.scan(&scan).await }
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        for map in commit.changes().keys() {
            lock(&self.0).insert((sound.task.clone(), *map), Instant::now());
        }
        sound.writer()?.commit(commit).await
    }
}

#[derive(Debug, Default)]
struct Frozen(Mutex<HashMap<TaskId, Checkpoint>>);

#[async_trait]
impl Fault for Frozen {
    async fn checkpoint(&self, sound: &Sound) -> Result<Checkpoint> {
        let checkpoint = sound.reader.checkpoint().await?;
        if sound.writer.is_some() {
            return Ok(checkpoint);
        }
        Ok(lock(&self.0).entry(sound.task.clone()).or_insert(checkpoint).clone())
    }
}
