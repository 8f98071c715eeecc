//! Stores of one's own: locks, segments, stream time and insertion numbers, and what a rollback takes back.

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use store_core::{
    KeyLock, Maps, Task, Writes,
    backend::{KeyRange, StoreSpec},
    layers::{CallKind, Fault},
    prelude::*,
};
use tokio::time::{sleep, timeout};

use crate::common::{Faulty, buffer_of};

/// A kind that is nothing but its maps.
struct Bare;

impl StoreDefinition for Bare {
    type Store = Maps;

    fn spec(&self) -> Result<StoreSpec> {
        Ok(StoreSpec::new("bare".parse()?, "test.bare/1", "bytes", "raw"))
    }

    fn open(&self, maps: Maps) -> Maps {
        maps
    }
}

async fn open(backend: &Faulty) -> (Task, Maps) {
    let task = backend.database().task("app", 0).store(&Bare).open().await.unwrap();
    let maps = task.store(&Bare).unwrap();
    (task, maps)
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn lock(maps: &Maps) -> KeyLock {
    maps.lock(bytes("k")).await.unwrap()
}

async fn count(maps: &Maps, segment: i64) -> usize {
    let scan = maps.scan(Some(segment), KeyRange::ALL, Order::Forward);
    scan.try_collect::<Vec<_>>().await.unwrap().len()
}

#[tokio::test]
async fn a_write_prepared_before_a_rollback_is_refused() {
    let backend = Faulty::default();
    let (task, maps) = open(&backend).await;
    let old = lock(&maps).await;
    task.rollback().await.unwrap();
    let error = old.write(Writes::new().put(None, bytes("k"), bytes("v"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    drop(old);
    assert_eq!(maps.get(None, &bytes("k")).await.unwrap(), None);
    let new = lock(&maps).await;
    new.write(Writes::new().put(None, bytes("k"), bytes("v"))).await.unwrap();
}

#[tokio::test]
async fn what_came_with_writes_goes_with_them() {
    let backend = Faulty::default();
    let (task, maps) = open(&backend).await;
    let put =
        |segment, time| Writes::new().put(Some(segment), bytes("k"), bytes("v")).stream_time(time);
    lock(&maps).await.write(put(1, 100)).await.unwrap();
    assert_eq!(maps.next_insertion().unwrap(), 0);
    task.commit(()).await.unwrap();

    lock(&maps).await.write(put(2, 200)).await.unwrap();
    lock(&maps).await.write(put(0, 50).drop_below(1)).await.unwrap();
    assert_eq!(maps.next_insertion().unwrap(), 1);
    assert_eq!(maps.stream_time().await.unwrap(), Some(200));
    assert_eq!(maps.timeline().await.unwrap().segments, [1, 2].into());
    task.rollback().await.unwrap();
    assert_eq!(maps.stream_time().await.unwrap(), Some(100));
    assert_eq!(maps.timeline().await.unwrap().segments, [1].into());
    assert_eq!(maps.next_insertion().unwrap(), 1);
    lock(&maps).await.write(put(0, 50)).await.unwrap();
    assert_eq!(count(&maps, 0).await, 1, "the floor was rolled back, too");

    task.commit(()).await.unwrap();
    let (_task, maps) = open(&backend).await;
    assert_eq!(maps.stream_time().await.unwrap(), Some(100));
    assert_eq!(maps.timeline().await.unwrap().segments, [0, 1].into());
    assert_eq!(maps.next_insertion().unwrap(), 2);
}

#[tokio::test]
async fn dropped_segments_are_absent_before_and_after_the_commit() {
    let backend = Faulty::default();
    let (task, maps) = open(&backend).await;
    let fill = Writes::new();
    let fill = (-1..3).fold(fill, |writes, n| writes.put(Some(n), bytes("k"), bytes("v")));
    lock(&maps).await.write(fill).await.unwrap();
    task.commit(()).await.unwrap();
    lock(&maps).await.write(Writes::new().drop_below(1)).await.unwrap();
    for committed in [false, true] {
        let counts = [count(&maps, -1).await, count(&maps, 0).await, count(&maps, 1).await];
        assert_eq!(counts, [0, 0, 1], "committed: {committed}");
        assert_eq!(maps.get(Some(0), &bytes("k")).await.unwrap(), None);
        let late = Writes::new().put(Some(0), bytes("k"), bytes("late"));
        let error = lock(&maps).await.write(late).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        task.commit(()).await.unwrap();
    }
    assert_eq!(maps.timeline().await.unwrap().segments, [1, 2].into());
}

#[tokio::test]
async fn deletes_make_no_segments() {
    let backend = Faulty::default();
    let (task, maps) = open(&backend).await;
    lock(&maps).await.write(Writes::new().put(Some(1), bytes("k"), bytes("v"))).await.unwrap();
    for segment in 2..1000 {
        lock(&maps).await.write(Writes::new().delete(Some(segment), bytes("k"))).await.unwrap();
    }
    assert_eq!(maps.timeline().await.unwrap().segments, [1].into());
    task.commit(()).await.unwrap();
    lock(&maps).await.write(Writes::new().delete(Some(1), bytes("k"))).await.unwrap();
    assert_eq!(count(&maps, 1).await, 0, "where there is something it is deleted");
    let both = Writes::new().put(Some(5), bytes("k"), bytes("v")).delete(Some(5), bytes("k"));
    lock(&maps).await.write(both).await.unwrap();
    assert_eq!(count(&maps, 5).await, 0, "also what the same batch puts");
}

/// Else it would fall between the read and the write of an update, and be lost.
#[tokio::test]
async fn a_write_that_reads_nothing_waits_for_who_holds_the_lock_of_its_key() {
    let (_task, maps) = open(&Faulty::default()).await;
    let put = |key: &'static str| {
        maps.write(bytes(key), Writes::new().put(None, bytes(key), bytes("put")))
    };
    let update = lock(&maps).await;
    assert_eq!(maps.get(None, &bytes("k")).await.unwrap(), None);
    put("another").await.unwrap();
    let mut waiting = Box::pin(put("k"));
    assert!(timeout(Duration::from_millis(5), &mut waiting).await.is_err());
    assert_eq!(maps.get(None, &bytes("k")).await.unwrap(), None);
    update.write(Writes::new().put(None, bytes("k"), bytes("updated"))).await.unwrap();
    drop(update);
    waiting.await.unwrap();
    assert_eq!(maps.get(None, &bytes("k")).await.unwrap(), Some(bytes("put")));
}

#[tokio::test]
async fn a_rollback_waits_for_open_units() {
    let backend = Faulty::default();
    let (task, maps) = open(&backend).await;
    let unit = task.begin("s", 0).await.unwrap().unwrap();
    let rollback = tokio::spawn({
        let task = task.clone();
        async move { task.rollback().await }
    });
    sleep(Duration::from_millis(5)).await;
    assert!(!rollback.is_finished());
    lock(&maps).await.write(Writes::new().put(None, bytes("k"), bytes("v"))).await.unwrap();
    unit.finish().unwrap();
    rollback.await.unwrap().unwrap();
    assert_eq!(maps.get(None, &bytes("k")).await.unwrap(), None);
    assert!(task.begin("s", 0).await.unwrap().is_some(), "the record is processed again");
}

/// A write that waits for room is told when the commit that was to make it has failed.
#[tokio::test]
async fn a_failed_commit_does_not_leave_writes_waiting() {
    let backend = Faulty::default();
    let task = backend.with(buffer_of(500)).task("app", 0).store(&Bare).open().await.unwrap();
    let maps = task.store(&Bare).unwrap();
    let put = |key: &str| Writes::new().put(None, bytes(key), bytes(&"v".repeat(80)));
    lock(&maps).await.write(put("a")).await.unwrap();
    backend.line.commits([Fault::Refused]);
    backend.line.hold(&[CallKind::Commit]);
    let commit = tokio::spawn({
        let task = task.clone();
        async move { task.commit(()).await }
    });
    sleep(Duration::from_millis(5)).await;
    let full = lock(&maps).await;
    let write = full.write(put("b"));
    tokio::pin!(write);
    assert!(timeout(Duration::from_millis(10), &mut write).await.is_err(), "it waits");
    backend.line.release();
    assert!(commit.await.unwrap().is_err());
    let told = timeout(Duration::from_secs(5), write).await.unwrap();
    assert_eq!(told.unwrap_err().kind(), ErrorKind::BufferFull);
}

#[tokio::test]
async fn a_store_not_named_at_opening_is_not_found() {
    let backend = Faulty::default();
    let (task, maps) = open(&backend).await;
    lock(&maps).await.write(Writes::new().put(None, bytes("k"), bytes("v"))).await.unwrap();
    task.commit(()).await.unwrap();
    let task = backend.database().task("app", 0).open().await.unwrap();
    assert_eq!(task.store(&Bare).unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_error_says_which_store_it_is_of() {
    let backend = Faulty::default();
    let (task, maps) = open(&backend).await;
    let error = maps.lock(Bytes::from(vec![0; 8193])).await.unwrap_err();
    let message = maps.named(error).to_string();
    assert_eq!(message, "store bare: a key of 8193 bytes is above the limit of 8192");
    task.commit(()).await.unwrap();
    let read = backend.database().read("app", 0).await.unwrap().maps("bare").await.unwrap();
    let error = read.named(Error::new(ErrorKind::Decode, "it is too short"));
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Decode, "store bare: it is too short")
    );
}
