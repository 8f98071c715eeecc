//! Readers beside a writer: every answer is one whole commit.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use common::{claim, next, small, task};
use store_core::backend::{
    Backend, Changes, Commit, KeyRange, MapChange, MapId, PageLimit, Put, TaskReader,
};
use tempfile::tempdir;

const KEYS: u16 = 4000;
const MAPS: [MapId; 2] = [MapId::whole(1), MapId::segment(2, 5)];

/// Every key of two maps holds the number of the commit.
fn numbered(sequence: u64) -> Changes {
    let value = Bytes::from(sequence.to_be_bytes().repeat(10));
    let put = |n: u16| (Bytes::copy_from_slice(&n.to_be_bytes()), Some(Put::new(value.clone())));
    let writes: BTreeMap<_, _> = (0..KEYS).map(put).collect();
    MAPS.map(|map| (map, MapChange::Write(writes.clone()))).into()
}

/// Looks at pages and at keys of both maps until told to stop; how often it looked.
async fn watch(reader: Arc<dyn TaskReader>, stop: Arc<AtomicBool>) -> u64 {
    let (mut looks, mut newest) = (0, 0);
    let limit = PageLimit::new(usize::from(KEYS), usize::MAX);
    let ends = [0, KEYS - 1].map(|n| Bytes::copy_from_slice(&n.to_be_bytes()));
    while !stop.load(Ordering::Relaxed) {
        let mut seen = Vec::new();
        let page = reader.scan(MAPS[0], &KeyRange::ALL, Default::default(), limit).await.unwrap();
        assert!(page.entries.len() == usize::from(KEYS) || page.entries.is_empty());
        seen.push(page.entries.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
        let keys: Vec<_> =
            MAPS.iter().flat_map(|&map| ends.clone().map(|key| (map, key))).collect();
        let values = reader.get_many(&keys).await.unwrap();
        assert!(values.iter().all(Option::is_some) || values.iter().all(Option::is_none));
        seen.push(values.into_iter().flatten().collect());
        for values in seen.into_iter().filter(|values| !values.is_empty()) {
            assert!(values.windows(2).all(|two| two[0] == two[1]), "two commits in one answer");
            let number = u64::from_be_bytes(values[0][..8].try_into().unwrap());
            assert!(number >= newest, "an answer older than the one before");
            newest = number;
        }
        looks += 1;
        tokio::task::yield_now().await;
    }
    looks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_never_mixes_commits() {
    let folder = tempdir().unwrap();
    let backend = small(folder.path()).await.unwrap();
    let claim = claim(&backend).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let reader = backend.read(&task()).await.unwrap();
    let watcher = tokio::spawn(watch(reader, stop.clone()));
    let mut checkpoint = claim.checkpoint.clone();
    for _ in 0..150 {
        checkpoint = next(&checkpoint);
        let sent = Arc::new(Commit::new(checkpoint.clone(), numbered(checkpoint.sequence)));
        claim.writer.commit(&sent).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let looks = watcher.await.unwrap();
    assert!(looks > 20, "the reader looked only {looks} times");
}

/// Each commit writes its number to a segment of its own and drops the segment before: of the last few there is always
/// exactly one, that of the number in the other map.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn maps_come_and_go_with_their_commit() {
    let folder = tempdir().unwrap();
    let backend = small(folder.path()).await.unwrap();
    let claim = claim(&backend).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let reader = backend.read(&task()).await.unwrap();
    let key = Bytes::from_static(b"number");
    let segment = |n: u64| MapId::segment(2, i64::try_from(n).unwrap());

    let (stopped, wanted) = (stop.clone(), key.clone());
    let watcher = tokio::spawn(async move {
        let (mut looks, mut newest) = (0_u64, 1);
        while !stopped.load(Ordering::Relaxed) {
            let maps = (newest..newest + 4).map(segment).chain([MAPS[0]]);
            let keys: Vec<_> = maps.map(|map| (map, wanted.clone())).collect();
            let mut values = reader.get_many(&keys).await.unwrap();
            if let Some(number) = values.pop().flatten() {
                let segments: Vec<_> = values.into_iter().flatten().collect();
                let number = u64::from_be_bytes(number[..].try_into().unwrap());
                if number < newest + 4 {
                    assert_eq!(segments.len(), 1, "beside number {number}");
                    assert_eq!(segments[0][..], number.to_be_bytes());
                }
                newest = number;
            }
            looks += 1;
            tokio::task::yield_now().await;
        }
        looks
    });

    let mut checkpoint = claim.checkpoint.clone();
    for n in 1..=30 {
        checkpoint = next(&checkpoint);
        let value = Bytes::copy_from_slice(&checkpoint.sequence.to_be_bytes());
        let write = || MapChange::Write([(key.clone(), Some(Put::new(value.clone())))].into());
        let mut changes: Changes = [(MAPS[0], write()), (segment(n), write())].into();
        if n > 1 {
            changes.insert(segment(n - 1), MapChange::Drop);
        }
        claim.writer.commit(&Arc::new(Commit::new(checkpoint.clone(), changes))).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(watcher.await.unwrap() > 100);
}
