//! The redo-log protocol, rule by rule, where histories do not go: time, destruction, repeated calls.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use store_core::{
    Effect, EngineConfig,
    backend::TaskId,
    prelude::*,
    redo::{
        Clock, RedoConfig,
        toy::{Fault, Faults, Moment, ToyBackend},
    },
};

static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

/// Time that stands still until it is moved.
#[derive(Debug, Default)]
struct Moved(AtomicU64);

impl Clock for Moved {
    fn wall_micros(&self) -> i64 {
        i64::try_from(self.0.load(Ordering::Relaxed)).unwrap() * 1_000_000
    }

    fn monotonic(&self) -> Duration {
        // As while the machine sleeps.
        Duration::ZERO
    }
}

/// Faults of requests that change something, one after the other; then none.
#[derive(Debug, Default)]
struct Listed(Mutex<VecDeque<Fault>>);

impl Faults for Listed {
    fn next(&self, moment: Moment) -> Fault {
        let next = || self.0.lock().unwrap().pop_front().unwrap_or(Fault::None);
        if moment == Moment::Change { next() } else { Fault::None }
    }
}

fn database(toy: &ToyBackend) -> Database {
    Database::with(Arc::new(toy.clone()), EngineConfig::default()).unwrap()
}

/// A commit that is decided and whose writes are refused, then an hour of sleep.
async fn asleep_in_the_middle(toy: &ToyBackend, clock: &Moved, faults: &Listed) -> Task {
    let task = database(toy).task("app", 0).store(&COUNTS).open().await.unwrap();
    task.store(&COUNTS).unwrap().put(&"k".to_owned(), &1).await.unwrap();
    faults.0.lock().unwrap().extend([Fault::None, Fault::None, Fault::Refused]);
    let error = task.commit([("s", 1)]).await.unwrap_err();
    assert_eq!(error.effect(), Effect::Applied);
    clock.0.fetch_add(3601, Ordering::Relaxed);
    task
}

fn slow_toy() -> (ToyBackend, Arc<Moved>, Arc<Listed>) {
    let (clock, faults) = (Arc::new(Moved::default()), Arc::new(Listed::default()));
    let mut config = RedoConfig::default();
    config.clock = clock.clone();
    let toy = ToyBackend::new().with_config(config).with_faults(faults.clone());
    (toy, clock, faults)
}

#[tokio::test]
async fn an_owner_that_slept_reads_the_record_before_it_writes() {
    let (toy, clock, faults) = slow_toy();
    let task = asleep_in_the_middle(&toy, &clock, &faults).await;
    task.commit([("s", 2)]).await.unwrap();
    let read = database(&toy).read("app", 0).await.unwrap();
    let counts = read.store(&COUNTS).await.unwrap();
    assert_eq!(counts.get(&"k".to_owned()).await.unwrap(), Some(1));
}

#[tokio::test]
async fn an_owner_that_slept_while_another_came_writes_nothing() {
    let (toy, clock, faults) = slow_toy();
    let old = asleep_in_the_middle(&toy, &clock, &faults).await;
    let new = database(&toy).task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = new.store(&COUNTS).unwrap();
    assert_eq!(counts.delete(&"k".to_owned()).await.unwrap(), Some(1), "finished by the new owner");
    new.commit([("s", 2)]).await.unwrap();
    // Whatever it sends from now on would be refused.
    faults.0.lock().unwrap().extend([Fault::Refused; 10]);
    let error = old.commit(()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced, "it asked first: {error}");
}

#[tokio::test]
async fn a_destroyed_task_leaves_no_data_and_may_be_destroyed_again() {
    for lost in [Fault::LostReply, Fault::Late(1), Fault::None] {
        let faults = Arc::new(Listed::default());
        let toy = ToyBackend::new().with_faults(faults.clone());
        let id = TaskId::new("app", 0).unwrap();
        let task = database(&toy).task("app", 0).store(&COUNTS).open().await.unwrap();
        task.store(&COUNTS).unwrap().put(&"k".to_owned(), &1).await.unwrap();
        task.commit(()).await.unwrap();
        assert_eq!(toy.stored(&id), 1);
        // The claim and the writes that finish the last commit work; then the record is emptied.
        faults.0.lock().unwrap().extend([Fault::None, Fault::None, lost]);
        if database(&toy).destroy("app", 0).await.is_err() {
            while toy.in_flight() > 0 {
                toy.deliver(0);
            }
            database(&toy).destroy("app", 0).await.unwrap();
        }
        assert_eq!(toy.stored(&id), 0, "{lost:?}");
        assert!(database(&toy).tasks("app").await.unwrap().is_empty());
    }
}
