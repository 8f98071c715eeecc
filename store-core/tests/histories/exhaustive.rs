//! Small configurations, exhaustively: every order of requests up to a number of preemptions, with a fault at every place.
//!
//! What runs is the protocol itself, not a model of it. A run is a list of choices; the search tries the next list until
//! there is none (stateless, depth first). Choices are which owner goes on, whether a late request arrives, and what
//! happens to a request. `EXHAUSTIVE=1` searches deeper, for some minutes in a release build.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    rc::Rc,
    sync::{Arc, Mutex, atomic::AtomicU32},
    time::Instant,
};

use bytes::Bytes;
use store_core::{
    Error, ErrorKind,
    backend::{Backend, Changes, Claim, Commit, MapChange, MapId, OwnerId, Put, StoreSpec, TaskId},
    redo::{
        RedoConfig,
        toy::{Break, ToyBackend},
    },
};

use super::{
    choices::{Choices, Chosen},
    scheduler::{Program, TestClock, finish, step},
};

const MAP: MapId = MapId::whole(1);

/// How large a search is.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Records, each of which appends its number to the one key; the last but one deletes it.
    pub records: u64,
    /// How often the running owner may be put aside for another before it waits or ends.
    pub preemptions: u32,
    /// Faults of one run.
    pub faults: u32,
    /// An unknown outcome is taken for settled by reading that it is not there.
    pub settle_by_reading: bool,
}

type State = Rc<RefCell<Option<String>>>;

fn commit(claim: &Claim, next: u64, value: Option<Vec<u8>>) -> Arc<Commit> {
    let mut checkpoint = claim.checkpoint.clone();
    checkpoint.sequence += 1;
    let spec = StoreSpec::new("s".parse().unwrap(), "key_value", "bytes", "raw");
    checkpoint.assign(&[spec]).unwrap();
    checkpoint.offsets.insert("s".to_owned(), i64::try_from(next).unwrap());
    let write = (Bytes::from_static(b"k"), value.map(|value| Put::new(value.into())));
    let changes: Changes = [(MAP, MapChange::Write(BTreeMap::from([write])))].into();
    Arc::new(Commit::new(checkpoint, changes))
}

fn position(claim: &Claim) -> u64 {
    let offset = claim.checkpoint.offsets.get("s").copied().unwrap_or(0);
    u64::try_from(offset).unwrap()
}

/// The value after a record.
fn after(value: Option<Vec<u8>>, record: u64, records: u64) -> Option<Vec<u8>> {
    if record + 2 == records {
        return None;
    }
    let mut list = value.unwrap_or_default();
    list.push(u8::try_from(record).unwrap());
    Some(list)
}

async fn read(claim: &Claim) -> Result<Option<Vec<u8>>, Error> {
    let found = claim.writer.get_many(&[(MAP, Bytes::from_static(b"k"))]).await?;
    Ok(found.into_iter().next().flatten().map(Vec::from))
}

/// Claims, and processes what is left, a commit per record.
async fn owner(backend: ToyBackend, bounds: Bounds, violation: State) {
    if let Err(error) = work(&backend, bounds).await
        && matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::SequenceGap)
    {
        violation.borrow_mut().get_or_insert(error.to_string());
    }
}

async fn work(backend: &ToyBackend, bounds: Bounds) -> Result<(), Error> {
    let id = OwnerId::random();
    let task = TaskId::new("app", 0)?;
    let mut claim = backend.claim(&task, id, &[]).await?;
    let mut at_once = 1;
    while position(&claim) < bounds.records {
        let (first, mut value) = (position(&claim), read(&claim).await?);
        let end = bounds.records.min(first + at_once);
        for record in first..end {
            value = after(value, record, bounds.records);
        }
        let commit = commit(&claim, end, value);
        let mut sent = claim.writer.commit(&commit).await;
        if sent.as_ref().is_err_and(|error| error.kind() == ErrorKind::Timeout) {
            if bounds.settle_by_reading {
                // The same owner under the same epoch looks, and groups the records in another way.
                claim = backend.claim(&task, id, &[]).await?;
                at_once = 2;
                continue;
            }
            sent = claim.writer.commit(&commit).await;
        }
        sent?;
        while let Err(error) = claim.writer.apply().await {
            if error.kind() != ErrorKind::Timeout {
                return Err(error);
            }
        }
        claim.checkpoint = commit.checkpoint().clone();
    }
    Ok(())
}

/// One run; the violation it ends in, if any.
fn run(choices: &Arc<Mutex<Choices>>, bounds: Bounds, broken: Option<Break>) -> Option<String> {
    let (toy, clock) = (ToyBackend::new().broken(broken), TestClock::new());
    let violation = State::default();
    let left = Arc::new(AtomicU32::new(bounds.faults));
    let config = |skew: i64| {
        let mut config = RedoConfig::default();
        config.clock = Arc::new(clock.skewed(skew));
        config
    };
    let program = |skew: i64| -> Program<'_> {
        let faults = Chosen { choices: choices.clone(), left: left.clone() };
        let backend = toy.with_config(config(skew)).with_faults(Arc::new(faults));
        Box::pin(owner(backend, bounds, violation.clone()))
    };
    // The first owner's clock is ahead, so that stamps from clocks would lose.
    let mut programs = [Some(program(500)), Some(program(0))];
    let (mut running, mut preemptions) = (0, bounds.preemptions);
    for _ in 0..400 {
        let other = 1 - running;
        let late = u32::from(toy.in_flight() > 0);
        let switch = u32::from(preemptions > 0 && programs[other].is_some());
        if programs[running].is_none() {
            if programs[other].is_none() {
                break;
            }
            running = other;
            continue;
        }
        let choice = choices.lock().unwrap().choose(1 + switch + late);
        if choice > 0 && choice == switch {
            running = other;
            preemptions -= 1;
        } else if choice > 0 {
            toy.deliver(0);
            continue;
        }
        if programs[running].as_mut().is_some_and(step) {
            programs[running] = None;
        }
    }
    // Whoever still runs died. Another owner ends the work; what is late arrives after it.
    drop(programs);
    let rest = |skew: i64| {
        let backend = toy.with_config(config(skew));
        finish(Box::pin(owner(
            backend,
            Bounds { settle_by_reading: false, ..bounds },
            violation.clone(),
        )));
    };
    rest(-500);
    while toy.in_flight() > 0 {
        toy.deliver(0);
    }
    rest(-500);
    let expected = (0..bounds.records).fold(None, |value, n| after(value, n, bounds.records));
    let found = last_value(&toy);
    if found != expected {
        violation.borrow_mut().get_or_insert(format!("{found:?} instead of {expected:?}"));
    }
    violation.take()
}

/// Tries everything within the bounds: how many runs, and the first violation.
fn search(bounds: Bounds, broken: Option<Break>) -> (u64, Option<String>) {
    let choices = Arc::new(Mutex::new(Choices::default()));
    for runs in 1.. {
        if let Some(violation) = run(&choices, bounds, broken) {
            return (runs, Some(violation));
        }
        if !choices.lock().unwrap().next() {
            return (runs, None);
        }
    }
    unreachable!("the search ends")
}

/// The value at the end, by a last claim.
fn last_value(toy: &ToyBackend) -> Option<Vec<u8>> {
    let found = RefCell::new(None);
    finish(Box::pin(async {
        let task = TaskId::new("app", 0).unwrap();
        let claim = toy.claim(&task, OwnerId::random(), &[]).await.unwrap();
        *found.borrow_mut() = read(&claim).await.unwrap();
    }));
    found.into_inner()
}

const SMALL: Bounds = Bounds { records: 3, preemptions: 2, faults: 1, settle_by_reading: false };

#[test]
fn small_configurations_hold_in_every_order() {
    let deeper = std::env::var_os("EXHAUSTIVE").is_some();
    let mut bounds = vec![Bounds { records: 2, preemptions: 4, faults: 0, ..SMALL }, SMALL];
    if deeper {
        bounds.push(Bounds { preemptions: 3, ..SMALL });
        bounds.push(Bounds { records: 2, preemptions: 1, faults: 2, ..SMALL });
    }
    for bounds in bounds {
        let start = Instant::now();
        let (runs, violation) = search(bounds, None);
        println!("{bounds:?}: {runs} runs in {:.1?}", start.elapsed());
        assert_eq!(violation, None);
        assert!(runs > 500, "the search is too small to say anything");
    }
}

/// A read that does not find a commit settles nothing: it may still arrive.
#[test]
fn settling_by_reading_is_noticed() {
    let bounds = Bounds { settle_by_reading: true, ..SMALL };
    let (runs, violation) = search(bounds, None);
    println!("noticed in run {runs}: {violation:?}");
    assert!(violation.is_some());
}

/// The search is sharp enough to notice rules that are left out.
#[test]
fn the_search_notices_breaks() {
    for broken in [
        Break::CommitWithoutFence,
        Break::ApplyBeforeDeciding,
        Break::NewStampsOnFinish,
        Break::ClaimReadsOnce,
        Break::ClaimWritesStamp,
        Break::PhysicalDelete,
        Break::NotFinished,
    ] {
        let start = Instant::now();
        let (runs, violation) = search(SMALL, Some(broken));
        println!("{broken:?}: run {runs}, {:.1?}: {violation:?}", start.elapsed());
        assert!(violation.is_some(), "{broken:?} is not noticed in {runs} runs");
    }
}
