//! The fail points of the redo-log protocol: each is reached, stops where it says, and the task goes on after it.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{sync::Arc, time::Duration};

use fail::FailScenario;
use futures::TryStreamExt;
use store_core::{
    EngineConfig, Task,
    prelude::*,
    redo::{RedoConfig, Step, toy::ToyBackend},
};

static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

/// Two owners, three commits with logs in chunks, a destruction; every error is met by trying again.
async fn work(database: &Database) -> u64 {
    let mut stopped = 0;
    macro_rules! insist {
        ($call:expr) => {
            loop {
                match $call.await {
                    Ok(done) => break done,
                    Err(error) if error.kind() == ErrorKind::Unavailable => stopped += 1,
                    Err(error) => panic!("{error}"),
                }
            }
        };
    }
    for round in 0..2 {
        let task = insist!(database.task("app", 0).store(&COUNTS).open());
        let counts = task.store(&COUNTS).unwrap();
        for n in 0..2 {
            let key = "k".to_owned();
            let old = counts.get(&key).await.unwrap().unwrap_or(0);
            assert_eq!(old, round * 2 + n);
            counts.put(&key, &(old + 1)).await.unwrap();
            insist!(task.commit([("s", 1)]));
        }
        if round == 0 {
            // Its last commit is left to the next owner.
            drop(task);
        }
    }
    loop {
        match database.destroy("app", 0).await {
            Ok(()) => return stopped,
            Err(error) if error.kind() == ErrorKind::Unavailable => stopped += 1,
            // The record was emptied before the stop; the next claim wipes the rest.
            Err(error) if error.kind() == ErrorKind::NotFound && stopped > 0 => return stopped,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn every_fail_point_stops_and_is_survived() {
    let scenario = FailScenario::setup();
    for step in Step::ALL {
        fail::cfg(step.name(), "1*return").unwrap();
        let mut config = RedoConfig::default();
        config.inline_bytes = 0;
        let backend = ToyBackend::new().with_config(config);
        let database = Database::with(Arc::new(backend), EngineConfig::default()).unwrap();
        let stopped = work(&database).await;
        // Cleaning up is not worth an error.
        let expected = u64::from(*step != Step::Cleaning);
        assert_eq!(stopped, expected, "{}", step.name());
        fail::remove(step.name());
    }
    scenario.teardown();
}

const LONG: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(10);
const GAP: i64 = 10;

static SESSIONS: Session<String, u64> = Session::new("sessions", LONG).segments(SHORT);
static VERSIONS: VersionedKeyValue<String, u64> =
    VersionedKeyValue::new("versions", LONG).segments(SHORT);

/// The second event joins two sessions and splits a version; each is counted in another store, too.
const EVENTS: [&[i64]; 2] = [&[0, 20], &[10]];

async fn open(database: &Database) -> Result<Task> {
    database.task("app", 0).store(&COUNTS).store(&SESSIONS).store(&VERSIONS).open().await
}

/// One commit of events; a stop ends it, as a crash would.
async fn process(task: &Task, events: &[i64]) -> Result<()> {
    let key = "k".to_owned();
    for time in events {
        task.store(&COUNTS)?.update(&key, |n| Some(n.unwrap_or(0) + 1)).await?;
        let sum = |found: Vec<(_, u64)>| 1 + found.iter().map(|(_, n)| n).sum::<u64>();
        let event = SessionWindow::new(*time, *time);
        task.store(&SESSIONS)?.merge(&key, event, GAP, sum).await?;
        task.store(&VERSIONS)?.put(&key, Some(&time.unsigned_abs()), *time).await?;
    }
    task.commit([("events", 1)]).await
}

/// How many events the stores hold, which must be whole and agree.
async fn held(task: &Task) -> u64 {
    let key = "k".to_owned();
    let counted = task.store(&COUNTS).unwrap().get(&key).await.unwrap().unwrap_or(0);
    let sessions = task.store(&SESSIONS).unwrap().fetch(&key, Order::Forward);
    let sessions: Vec<_> = sessions.try_collect().await.unwrap();
    let versions = task.store(&VERSIONS).unwrap().history(&key, -1, 100, Order::Forward);
    let versions: Vec<_> = versions.map_ok(|v| (v.time, v.valid_to)).try_collect().await.unwrap();
    let at = SessionWindow::new;
    match counted {
        0 => assert!(sessions.is_empty() && versions.is_empty(), "{sessions:?} {versions:?}"),
        2 => {
            assert_eq!(sessions, [(at(0, 0), 1), (at(20, 20), 1)]);
            assert_eq!(versions, [(0, Some(20)), (20, None)]);
        }
        3 => {
            assert_eq!(sessions, [(at(0, 20), 3)]);
            assert_eq!(versions, [(0, Some(10)), (10, Some(20)), (20, None)]);
        }
        other => panic!("{other} events were counted"),
    }
    counted
}

#[tokio::test]
async fn merges_and_versions_are_whole_after_a_crash_at_any_step() {
    let scenario = FailScenario::setup();
    let (mut kept, mut undone) = (0, 0);
    for step in Step::ALL {
        for stopped_in in 0..EVENTS.len() {
            let mut config = RedoConfig::default();
            config.inline_bytes = 0;
            let backend = ToyBackend::new().with_config(config);
            let database = || {
                let backend = Arc::new(backend.clone());
                Database::with(backend, EngineConfig::default()).unwrap()
            };
            let mut before = 0;
            for (commit, events) in EVENTS.iter().enumerate() {
                let task = open(&database()).await.unwrap();
                if commit == stopped_in {
                    fail::cfg(step.name(), "1*return").unwrap();
                }
                let stopped = process(&task, events).await.is_err();
                // The owner is gone; the next one may be stopped, too, and tries again.
                drop(task);
                let task = match open(&database()).await {
                    Ok(task) => task,
                    Err(error) if error.kind() == ErrorKind::Unavailable => {
                        open(&database()).await.unwrap()
                    }
                    Err(error) => panic!("{error}"),
                };
                fail::remove(step.name());
                let whole = before + events.len() as u64;
                let held_now = held(&task).await;
                assert!([before, whole].contains(&held_now), "{}: {held_now}", step.name());
                kept += u32::from(stopped && held_now == whole);
                undone += u32::from(stopped && held_now == before);
                if held_now == before {
                    process(&task, events).await.unwrap();
                    assert_eq!(held(&task).await, whole, "{}", step.name());
                }
                before = whole;
            }
        }
    }
    assert!(kept > 0 && undone > 0, "{kept} stopped commits were kept, {undone} were not");
    scenario.teardown();
}
