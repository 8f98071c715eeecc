//! The limits of what is buffered: who is stopped, who waits, and for what.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use futures::FutureExt;
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use store_core::{
    EngineConfig, Task,
    layers::{CallKind, Fault},
    prelude::*,
};
use tokio::time::{sleep, timeout};

use crate::common::{BLOBS, COUNTS, Faulty, buffer_of};

fn key(name: &str) -> String {
    name.to_owned()
}

#[tokio::test]
async fn the_hard_limit_stops_a_handler_that_never_commits() {
    let backend = Faulty::default();
    let mut config = EngineConfig::default();
    (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (50_000, 100_000);
    let database = backend.with(config);
    let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let mut n = 0;
    let error = loop {
        assert_eq!(task.wants_commit(), task.buffered_bytes() >= 50_000);
        match counts.put(&format!("{n:08}"), &n).await {
            Ok(()) => n += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::BufferFull);
    assert!(task.buffered_bytes() <= 100_000 && task.buffered_bytes() > 99_000);
    task.commit(()).await.unwrap();
    counts.put(&format!("{n:08}"), &n).await.unwrap();
    assert_eq!(counts.all().count_ok().await, n + 1);
}

#[tokio::test]
async fn at_the_hard_limit_what_does_not_grow_is_written() {
    let backend = Faulty::default();
    let task = backend.with(buffer_of(10_000)).task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let number = |n: u64| format!("{n:03}");
    let mut full = 0;
    while counts.put(&number(full), &full).await.is_ok() {
        full += 1;
    }
    let bytes = task.buffered_bytes();
    counts.update(&number(0), |n| n.map(|n| n + 1)).await.unwrap();
    assert_eq!(counts.get(&number(0)).await.unwrap(), Some(1));
    assert_eq!(task.buffered_bytes(), bytes);
    // As many writes at once, each of the same length as what it replaces.
    counts.put_all((0..full).map(|n| (number(n), Some(n))).collect()).await.unwrap();
    assert_eq!(task.buffered_bytes(), bytes);
    let mut again: Vec<_> = (0..full).map(|n| (number(n), Some(n))).collect();
    again.push((number(full), Some(1)));
    let error = counts.put_all(again).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::BufferFull | ErrorKind::TooLarge), "{error}");
    assert!(task.buffered_bytes() <= 10_000);
}

/// A value that asks the task for something when it is freed.
struct Asking {
    task: Task,
    answers: Arc<Mutex<Vec<std::result::Result<usize, RecvTimeoutError>>>>,
}

impl AsRef<[u8]> for Asking {
    fn as_ref(&self) -> &[u8] {
        b"value"
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let (send, answer) = channel();
        let task = self.task.clone();
        thread::spawn(move || send.send(task.buffered_bytes()));
        let answer = answer.recv_timeout(Duration::from_secs(2));
        self.answers.lock().unwrap().push(answer);
    }
}

#[tokio::test]
async fn what_is_thrown_away_is_freed_while_others_go_on() {
    for close in [false, true] {
        let backend = Faulty::default();
        let task = backend.database().task("app", 0).store(&BLOBS).open().await.unwrap();
        let blobs = task.store(&BLOBS).unwrap();
        let answers = Arc::default();
        let asking = || {
            let asking = Asking { task: task.clone(), answers: Arc::clone(&answers) };
            Bytes::from_owner(asking)
        };
        blobs.put(&1, &asking()).await.unwrap();
        backend.line.commits([Fault::Refused]);
        task.commit(()).await.unwrap_err();
        blobs.put(&2, &asking()).await.unwrap();
        if close {
            task.close().await.unwrap();
        } else {
            task.rollback().await.unwrap();
        }
        assert_eq!(*answers.lock().unwrap(), [Ok(0), Ok(0)]);
    }
}

/// Neither may wait for the other: the rollback waits for the unit.
#[tokio::test]
async fn a_rollback_does_not_promise_room_to_a_unit() {
    let backend = Faulty::default();
    let task = backend.with(buffer_of(1_000)).task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let unit = task.begin("s", 0).await.unwrap().unwrap();
    let rollback = tokio::spawn({
        let task = task.clone();
        async move { task.rollback().await }
    });
    sleep(Duration::from_millis(5)).await;
    let full = async {
        for n in 0_u64.. {
            if let Err(error) = counts.put(&n.to_string(), &n).await {
                return error.kind();
            }
        }
        unreachable!("the buffer has a limit")
    };
    let kind = timeout(Duration::from_secs(5), full).await.unwrap();
    assert_eq!(kind, ErrorKind::BufferFull);
    drop(unit);
    rollback.await.unwrap().unwrap();
    assert_eq!(counts.get(&key("0")).await.unwrap(), None);
}

#[tokio::test]
async fn a_write_above_the_hard_limit_can_never_fit() {
    let backend = Faulty::default();
    let task = backend.with(buffer_of(1_000)).task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let error = counts.put(&"k".repeat(1_000), &1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn at_the_hard_limit_a_write_waits_for_a_commit_on_its_way() {
    let backend = Faulty::default();
    let database = backend.with(buffer_of(1_000));
    let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let fill = async |prefix: &str| {
        for n in 0_u64.. {
            if counts.put(&format!("{prefix}{n}"), &n).await.is_err() {
                return;
            }
        }
    };
    fill("a").await;
    backend.line.hold(&[CallKind::Commit]);
    let commit = tokio::spawn({
        let task = task.clone();
        async move { task.commit(()).await }
    });
    sleep(Duration::from_millis(5)).await;
    let (full, seven) = (key("b"), 7);
    let write = counts.put(&full, &seven);
    tokio::pin!(write);
    assert!(timeout(Duration::from_millis(20), &mut write).await.is_err());
    backend.line.release();
    write.await.unwrap();
    commit.await.unwrap().unwrap();
    assert_eq!(counts.get(&full).await.unwrap(), Some(7));
}

/// Calls somebody when a commit tells how long freezing took.
#[derive(Default)]
struct Frozen(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl HistogramFn for Frozen {
    fn record(&self, _: f64) {
        let call = self.0.lock().unwrap().take();
        call.into_iter().for_each(|call| call());
    }
}

struct Telling(Arc<Frozen>);

impl Recorder for Telling {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match key.labels().any(|label| label.value() == "freeze") {
            true => Histogram::from_arc(self.0.clone()),
            false => Histogram::noop(),
        }
    }
}

#[test]
fn a_commit_that_has_just_frozen_is_on_its_way() {
    let frozen = Arc::<Frozen>::default();
    let written = written_when(&frozen);
    with_local_recorder(&Telling(frozen.clone()), || tokio_test::block_on(written));
}

/// Fills the buffer; what a write comes to that is begun when a commit has just frozen it.
async fn written_when(frozen: &Frozen) {
    let backend = Faulty::default();
    let database = backend.with(buffer_of(1_000));
    let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    for n in 0_u64.. {
        if counts.put(&n.to_string(), &n).await.is_err() {
            break;
        }
    }
    let answer = Arc::new(Mutex::new(None));
    let given = answer.clone();
    *frozen.0.lock().unwrap() = Some(Box::new(move || {
        *given.lock().unwrap() = Some(counts.put(&key("new"), &1).now_or_never());
    }));
    task.commit(()).await.unwrap();
    let answer = answer.lock().unwrap().take().expect("nobody was told");
    assert!(answer.is_none(), "it does not wait: {answer:?}");
}

trait CountOk {
    async fn count_ok(self) -> u64;
}

impl<S: futures::Stream<Item = Result<T>> + Unpin, T> CountOk for S {
    async fn count_ok(mut self) -> u64 {
        let mut count = 0;
        while let Some(entry) = futures::StreamExt::next(&mut self).await {
            entry.unwrap();
            count += 1;
        }
        count
    }
}
