//! Commits that are not applied as they are.

use std::sync::Arc;

use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Changes, Commit, MapChange, MapId, Put},
};

use super::{Broken, values::keep};
use crate::{
    altered::Changed,
    fault::{Fault, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("deletes-lost", "deletes are not applied", || {
            Changed(|changes| keep(changes, |_, put| put.is_some()))
        }),
        Broken::new("puts-lost-beside-deletes", "puts beside a delete are not applied", || {
            Changed(|changes| {
                let deletes = changes.values().any(|change| {
                    matches!(change, MapChange::Write(writes) if writes.values().any(Option::is_none))
                });
                keep(changes, |_, put| !deletes || put.is_none());
            })
        }),
        Broken::new("last-write-lost", "the last of several writes is not applied", || {
            Changed(|changes| {
                for change in changes.values_mut() {
                    if let MapChange::Write(writes) = change
                        && writes.len() > 1
                    {
                        writes.pop_last();
                    }
                }
            })
        }),
        Broken::new("writes-thousand", "writes beyond the thousandth are not applied", || {
            Changed(|changes| keep(changes, |at, _| at < 1000))
        }),
        Broken::new("half-a-commit", "only the first map of a commit is applied", || {
            Changed(|changes| {
                let first = changes.first_key_value().map(|(map, _)| *map);
                changes.retain(|map, _| Some(*map) == first);
            })
        }),
        Broken::new("checkpoint-only", "the checkpoint is stored without the writes", || {
            Changed(Changes::clear)
        }),
        Broken::new("drop-ignored", "dropped maps stay", || {
            Changed(|changes| changes.retain(|_, change| *change != MapChange::Drop))
        }),
        Broken::new("drop-takes-next", "dropping a segment takes the next one", || {
            Changed(|changes| dropped(changes, |at| [at.saturating_add(1)]))
        }),
        Broken::new("drop-takes-more", "dropping a segment takes those near it", || {
            Changed(|changes| dropped(changes, |at| [-2, -1, 1, 2].map(|by| at.saturating_add(by))))
        }),
        Broken::new("drop-takes-store", "dropping a segment takes the whole store's map", || {
            Changed(|changes| {
                let drops = changes.iter().filter(|(_, change)| **change == MapChange::Drop);
                let drops: Vec<_> = drops.map(|(map, _)| MapId::whole(map.store)).collect();
                changes.extend(drops.into_iter().map(|map| (map, MapChange::Drop)));
            })
        }),
        Broken::new("marker-left", "each commit leaves a key of its own", || {
            Changed(|changes| {
                for change in changes.values_mut() {
                    if let MapChange::Write(writes) = change {
                        writes.insert("!last".into(), Some(Put::new("".into())));
                    }
                }
            })
        }),
        Broken::new("absent-delete-fails", "deleting an absent key is an error", || AbsentDelete),
        Broken::new("absent-drop-fails", "dropping an absent map is an error", || AbsentDrop),
        Broken::new("empty-commit-ignored", "a commit without changes is not sent", || {
            EmptyIgnored
        }),
    ]
}

/// Drops further segments.
fn dropped<const N: usize>(changes: &mut Changes, more: fn(i64) -> [i64; N]) {
    let drops = changes.iter().filter(|(_, change)| **change == MapChange::Drop);
    let drops: Vec<_> = drops.map(|(map, _)| *map).collect();
    for map in drops {
        for segment in map.segment.map(more).into_iter().flatten() {
            changes.entry(MapId::segment(map.store, segment)).or_insert(MapChange::Drop);
        }
    }
}

#[derive(Debug)]
struct AbsentDelete;

#[async_trait]
impl Fault for AbsentDelete {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        for (map, change) in commit.changes() {
            let MapChange::Write(writes) = change else { continue };
            let deletes = writes.iter().filter(|(_, put)| put.is_none());
            let keys: Vec<_> = deletes.map(|(key, _)| (*map, key.clone())).collect();
            if sound.reader.get_many(&keys).await?.contains(&None) {
                return Err(Error::new(ErrorKind::NotFound, "there is no such key"));
            }
        }
        sound.writer()?.commit(commit).await
    }
}

#[derive(Debug)]
struct AbsentDrop;

#[async_trait]
impl Fault for AbsentDrop {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        for (map, change) in commit.changes() {
            if *change == MapChange::Drop && sound.reader.approximate_len(*map).await? == 0 {
                return Err(Error::new(ErrorKind::NotFound, "there is no such map"));
            }
        }
        sound.writer()?.commit(commit).await
    }
}

#[derive(Debug)]
struct EmptyIgnored;

#[async_trait]
impl Fault for EmptyIgnored {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        if commit.is_empty() {
            return Ok(());
        }
        sound.writer()?.commit(commit).await
    }
}
