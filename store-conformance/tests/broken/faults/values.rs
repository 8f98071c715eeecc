//! Keys and values that do not come back as they were.

use std::sync::Arc;

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{Changes, Commit, MapChange, MapId, Put},
};

use super::Broken;
use crate::{
    altered::{Changed, Confused},
    fault::{Fault, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("value-cut", "a value is cut at 64 KiB", || {
            Changed(|changes| values(changes, |value| value.slice(..value.len().min(64 << 10))))
        }),
        Broken::new("value-ends-at-zero", "a value ends at its first zero byte", || {
            Changed(|changes| {
                values(changes, |value| {
                    let end = value.iter().position(|&byte| byte == 0);
                    value.slice(..end.unwrap_or(value.len()))
                });
            })
        }),
        Broken::new("value-is-text", "a value is taken for text", || {
            Changed(|changes| values(changes, text))
        }),
        Broken::new("value-trimmed", "a value loses space at its end", || {
            Changed(|changes| {
                values(changes, |value| value.slice(..value.trim_ascii_end().len()));
            })
        }),
        Broken::new("value-large-lost", "a value above 1 MiB is not stored", || {
            Changed(|changes| {
                keep(changes, |_, put| put.is_none_or(|put| put.value.len() <= 1 << 20));
            })
        }),
        Broken::new("value-empty-deletes", "an empty value deletes the key", || {
            Changed(|changes| {
                for_each(changes, |put| {
                    *put = put.take().filter(|put| !put.value.is_empty());
                });
            })
        }),
        Broken::new("value-first-stays", "a value is never overwritten", || FirstStays),
        Broken::new("key-without-case", "letters of keys have no case", || {
            Confused::keys(|key| key.to_ascii_lowercase().into())
        }),
        Broken::new("key-trimmed", "a key loses zero bytes at its end", || {
            Confused::keys(|key| {
                let end = key.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                key.slice(..end)
            })
        }),
        Broken::new("key-cut", "a key is cut at 255 bytes", || {
            Confused::keys(|key| key.slice(..key.len().min(255)))
        }),
        Broken::new("key-is-text", "a key is taken for text", || Confused::keys(text)),
        Broken::new("store-unknown", "stores share their keys", || {
            Confused::maps(|map| {
                map.segment.map_or(MapId::whole(1), |segment| MapId::segment(1, segment))
            })
        }),
        Broken::new("segment-unknown", "segments share their keys", || {
            Confused::maps(|map| MapId::whole(map.store))
        }),
        Broken::new("segment-without-sign", "segments -1 and 1 are one", || {
            Confused::maps(|map| {
                let whole = MapId::whole(map.store);
                map.segment.map_or(whole, |at| MapId::segment(map.store, at.saturating_abs()))
            })
        }),
        Broken::new("segment-short", "segments are numbers of 32 bits", || {
            Confused::maps(|map| {
                let whole = MapId::whole(map.store);
                map.segment.map_or(whole, |at| MapId::segment(map.store, at & 0xffff_ffff))
            })
        }),
        Broken::new("segment-zero-is-whole", "segment 0 and the whole store are one", || {
            Confused::maps(|map| MapId::segment(map.store, map.segment.unwrap_or(0)))
        }),
    ]
}

fn text(bytes: &Bytes) -> Bytes {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn for_each(changes: &mut Changes, alter: impl Fn(&mut Option<Put>)) {
    for change in changes.values_mut() {
        if let MapChange::Write(writes) = change {
            writes.values_mut().for_each(&alter);
        }
    }
}

fn values(changes: &mut Changes, alter: fn(&Bytes) -> Bytes) {
    for_each(changes, |put| {
        if let Some(put) = put {
            put.value = alter(&put.value);
        }
    });
}

/// Keeps some writes of a commit only.
pub(super) fn keep(changes: &mut Changes, kept: impl Fn(usize, Option<&Put>) -> bool) {
    for change in changes.values_mut() {
        if let MapChange::Write(writes) = change {
            let mut at = 0..;
            writes.retain(|_, put| kept(at.next().unwrap_or_default(), put.as_ref()));
        }
    }
}

#[derive(Debug)]
struct FirstStays;

#[async_trait]
impl Fault for FirstStays {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let mut changes = commit.changes().clone();
        for (map, change) in &mut changes {
            let MapChange::Write(writes) = change else { continue };
            let keys: Vec<_> = writes.keys().map(|key| (*map, key.clone())).collect();
            let there = sound.reader.get_many(&keys).await?;
            for ((_, key), old) in keys.iter().zip(there) {
                if old.is_some() && writes.get(key).is_some_and(Option::is_some) {
                    writes.remove(key);
                }
            }
        }
        let commit = Commit::new(commit.checkpoint().clone(), changes);
        sound.writer()?.commit(&Arc::new(commit)).await
    }
}
