//! Commits, lost answers, rollbacks, take-overs and units, through the public API.

use std::{sync::Arc, time::Duration};

use futures::future::{join, join_all};
use store_core::{
    Effect, Error, ErrorKind, Task,
    layers::{CallKind, Fault},
    prelude::*,
};
use tokio::time::{sleep, timeout};

use crate::common::{COUNTS, Faulty};

type Counts = Arc<dyn KeyValueStore<String, u64>>;

async fn open(backend: &Faulty) -> (Task, Counts) {
    let task = backend.database().task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    (task, counts)
}

fn key(name: &str) -> String {
    name.to_owned()
}

async fn add(counts: &Counts, name: &str) {
    counts.update(&key(name), |n| Some(n.unwrap_or(0) + 1)).await.unwrap();
}

/// A task whose first commit, of one "a" and offset 1, met the fault.
async fn after(fault: Fault) -> (Faulty, Task, Counts, Error) {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    add(&counts, "a").await;
    backend.line.commits([fault]);
    let error = task.commit([("s", 1)]).await.unwrap_err();
    (backend, task, counts, error)
}

#[tokio::test]
async fn state_and_offsets_commit_together_and_the_rest_is_gone() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    add(&counts, "a").await;
    task.commit([("s", 1)]).await.unwrap();
    add(&counts, "a").await;
    task.close().await.unwrap();
    task.close().await.unwrap();
    assert_eq!(counts.get(&key("a")).await.unwrap_err().kind(), ErrorKind::Closed);
    let (task, counts) = open(&backend).await;
    assert_eq!(counts.get(&key("a")).await.unwrap(), Some(1));
    assert_eq!(task.checkpoint().unwrap().offsets["s"], 1);
}

#[tokio::test]
async fn the_older_of_two_claims_is_fenced_and_nothing_of_it_lands() {
    let backend = Faulty::default();
    let (old, old_counts) = open(&backend).await;
    add(&old_counts, "a").await;
    let (new, new_counts) = open(&backend).await;
    add(&new_counts, "b").await;
    new.commit([("s", 1)]).await.unwrap();
    let error = old.commit([("s", 9)]).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Fenced, Effect::NotApplied));
    for kind in [
        old_counts.get(&key("a")).await.unwrap_err().kind(),
        old_counts.put(&key("a"), &1).await.unwrap_err().kind(),
        old.rollback().await.unwrap_err().kind(),
        old.commit(()).await.unwrap_err().kind(),
    ] {
        assert_eq!(kind, ErrorKind::Fenced);
    }
    assert_eq!(new_counts.get(&key("a")).await.unwrap(), None);
    assert_eq!(new.checkpoint().unwrap().offsets["s"], 1);
}

#[tokio::test]
async fn an_empty_commit_checks_the_fence() {
    let backend = Faulty::default();
    let (old, _) = open(&backend).await;
    let _new = open(&backend).await;
    assert_eq!(old.commit(()).await.unwrap_err().kind(), ErrorKind::Fenced);
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_the_same_commit() {
    for fault in [Fault::LostReply, Fault::LostRequest] {
        let (backend, task, counts, error) = after(fault).await;
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Timeout, Effect::Unknown));
        add(&counts, "a").await;
        task.commit([("s", 2)]).await.unwrap();
        assert_eq!(task.checkpoint().unwrap().sequence, 2);
        let (_task, counts) = open(&backend).await;
        assert_eq!(counts.get(&key("a")).await.unwrap(), Some(2));
    }
}

#[tokio::test]
async fn a_rollback_settles_an_unknown_commit_first() {
    for (fault, kept) in [(Fault::LostReply, 1), (Fault::LostRequest, 1), (Fault::Refused, 0)] {
        let (_backend, task, counts, _) = after(fault).await;
        add(&counts, "a").await;
        task.rollback().await.unwrap();
        let stored = counts.get(&key("a")).await.unwrap().unwrap_or(0);
        assert_eq!(stored, kept, "{fault:?}");
        assert_eq!(task.checkpoint().unwrap().sequence, kept);
        add(&counts, "a").await;
        task.commit([("s", 2)]).await.unwrap();
        assert_eq!(counts.get(&key("a")).await.unwrap(), Some(kept + 1));
    }
}

#[tokio::test]
async fn a_number_once_unknown_stays_unknown_when_a_resend_is_refused() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    add(&counts, "a").await;
    let faults = [Fault::LostReply, Fault::Refused];
    backend.line.commits(faults);
    task.commit(()).await.unwrap_err();
    assert_eq!(task.rollback().await.unwrap_err().effect(), Effect::Unknown);
    task.rollback().await.unwrap();
    assert_eq!(counts.get(&key("a")).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_dropped_commit_is_sent_again() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    add(&counts, "a").await;
    backend.line.hold(&[CallKind::Commit]);
    assert!(timeout(Duration::from_millis(5), task.commit([("s", 1)])).await.is_err());
    backend.line.release();
    assert_eq!(counts.get(&key("a")).await.unwrap(), Some(1));
    task.commit([("s", 2)]).await.unwrap();
    let checkpoint = task.checkpoint().unwrap();
    assert_eq!((checkpoint.sequence, checkpoint.offsets["s"]), (2, 2));
}

#[tokio::test]
async fn a_failed_apply_is_made_up_for_and_its_writes_stay_visible() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    add(&counts, "a").await;
    backend.line.applies([Fault::LostReply]);
    let error = task.commit([("s", 1)]).await.unwrap_err();
    assert_eq!(error.effect(), Effect::Applied);
    assert_eq!(task.checkpoint().unwrap().offsets["s"], 1);
    assert!(task.buffered_bytes() > 0);
    add(&counts, "a").await;
    assert_eq!(counts.get(&key("a")).await.unwrap(), Some(2));
    task.commit(()).await.unwrap();
    assert_eq!(task.buffered_bytes(), 0);
}

#[tokio::test]
async fn a_call_that_cannot_apply_an_earlier_commit_does_not_know_what_became_of_it() {
    for fault in [Fault::LostReply, Fault::LostRequest] {
        let (backend, task, counts, _) = after(fault).await;
        // What is asked for is in the commit that is sent again, and decided.
        backend.line.applies([Fault::Refused]);
        let error = task.commit([("s", 1)]).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Throttled, Effect::Unknown));
        assert_eq!(task.checkpoint().unwrap().offsets["s"], 1, "{fault:?}");
        // What was decided before is no part of what the next calls ask for.
        add(&counts, "a").await;
        backend.line.applies([Fault::Refused]);
        let error = task.commit([("s", 2)]).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Throttled, Effect::NotApplied));
        task.commit([("s", 2)]).await.unwrap();
        let checkpoint = task.checkpoint().unwrap();
        assert_eq!((checkpoint.sequence, checkpoint.offsets["s"]), (2, 2));
        let (_task, counts) = open(&backend).await;
        assert_eq!(counts.get(&key("a")).await.unwrap(), Some(2));
    }
}

#[tokio::test]
async fn two_commits_are_on_their_way_and_a_third_waits() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    backend.line.hold(&[CallKind::Apply]);
    let commit = || {
        let task = task.clone();
        tokio::spawn(async move { task.commit(()).await })
    };
    let mut running = Vec::new();
    for expected in [1, 2, 2] {
        add(&counts, "a").await;
        running.push(commit());
        sleep(Duration::from_millis(10)).await;
        assert_eq!(task.checkpoint().unwrap().sequence, expected);
    }
    assert_eq!(counts.get(&key("a")).await.unwrap(), Some(3));
    backend.line.release();
    for commit in running {
        commit.await.unwrap().unwrap();
    }
    assert_eq!(task.checkpoint().unwrap().sequence, 3);
    assert_eq!(task.buffered_bytes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_updates_lose_nothing_while_commits_run() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    let work = (0..64).map(|worker| {
        let counts = counts.clone();
        tokio::spawn(async move {
            for n in 0..100 {
                add(&counts, &format!("k{}", (worker + n) % 10)).await;
            }
        })
    });
    let work = join_all(work);
    let commits = async {
        for n in 0..50 {
            task.commit([("s", n)]).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (done, ()) = join(work, commits).await;
    done.into_iter().for_each(|worker| worker.unwrap());
    task.commit(()).await.unwrap();
    let (_task, counts) = open(&backend).await;
    let mut total = 0;
    for n in 0..10 {
        total += counts.get(&format!("k{n}")).await.unwrap().unwrap();
    }
    assert_eq!(total, 6400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_never_holds_half_a_record() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    let reader = {
        let database = backend.database();
        tokio::spawn(async move {
            loop {
                let task = database.read("app", 0).await.unwrap();
                let Ok(counts) = task.store(&COUNTS).await else { continue };
                let pair = counts.get_many(&[key("left"), key("right")]).await.unwrap();
                assert_eq!(pair[0], pair[1]);
                if pair[0] == Some(800) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let work = (0..8).map(|worker| {
        let (task, counts) = (task.clone(), counts.clone());
        tokio::spawn(async move {
            for n in 0..100 {
                let unit = task.begin("s", n * 8 + worker).await.unwrap().unwrap();
                add(&counts, "left").await;
                tokio::task::yield_now().await;
                add(&counts, "right").await;
                unit.finish().unwrap();
            }
        })
    });
    let work = join_all(work);
    let commits = async {
        for _ in 0..50 {
            task.commit(()).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (done, ()) = join(work, commits).await;
    done.into_iter().for_each(|worker| worker.unwrap());
    task.commit(()).await.unwrap();
    timeout(Duration::from_secs(20), reader).await.unwrap().unwrap();
    let checkpoint = task.checkpoint().unwrap();
    assert_eq!(checkpoint.offsets["s"], 800);
    assert!(checkpoint.ahead.is_empty());
}

#[tokio::test]
async fn finished_records_above_a_gap_are_skipped_on_replay() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    for position in [0, 2, 3] {
        let unit = task.begin("s", position).await.unwrap().unwrap();
        add(&counts, "n").await;
        unit.finish().unwrap();
    }
    task.commit(()).await.unwrap();
    let (task, counts) = open(&backend).await;
    assert_eq!(task.checkpoint().unwrap().offsets["s"], 1);
    for position in 1..5 {
        if let Some(unit) = task.begin("s", position).await.unwrap() {
            add(&counts, "n").await;
            unit.finish().unwrap();
        }
    }
    task.commit(()).await.unwrap();
    assert_eq!(counts.get(&key("n")).await.unwrap(), Some(5));
    assert_eq!(task.checkpoint().unwrap().offsets["s"], 5);
}

#[tokio::test]
async fn a_unit_dropped_unfinished_demands_a_rollback() {
    let backend = Faulty::default();
    let (task, counts) = open(&backend).await;
    let unit = task.begin("s", 0).await.unwrap().unwrap();
    add(&counts, "a").await;
    assert!(task.begin("s", 0).await.is_err(), "the same record twice at once");
    drop(unit);
    assert_eq!(task.commit(()).await.unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert!(task.begin("s", 1).await.is_err());
    task.rollback().await.unwrap();
    assert_eq!(counts.get(&key("a")).await.unwrap(), None);
    let unit = task.begin("s", 0).await.unwrap().unwrap();
    unit.finish().unwrap();
    task.commit(()).await.unwrap();
    assert_eq!(task.checkpoint().unwrap().offsets["s"], 1);
}

#[tokio::test]
async fn sources_and_offsets_that_make_no_sense_are_refused() {
    let backend = Faulty::default();
    let (task, _) = open(&backend).await;
    let long = "s".repeat(store_core::MAX_SOURCE_BYTES + 1);
    for offsets in [[("", 1)], [(&long, 1)], [("s", -1)]] {
        let error = task.commit(offsets).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    assert!(task.begin("", 1).await.is_err() && task.begin(&*long, 1).await.is_err());
    task.commit([(&long[1..], 1)]).await.unwrap();
    assert_eq!(task.checkpoint().unwrap().sequence, 1);
}
