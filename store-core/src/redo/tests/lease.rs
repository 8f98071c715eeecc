//! How long after its decision a commit may still be applied.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::tools::{HandClock, MAP, Owner, change, chunked, put, task};
use crate::{
    Effect, ErrorKind,
    backend::MapId,
    redo::{
        Clock, Lease, RedoConfig,
        toy::{Fault, Faults, Moment, ToyBackend},
    },
};

const HOUR: i64 = 3_600_000_000;

#[test]
fn a_lease_ends_by_either_clock() {
    let clock = HandClock::at(0);
    let lease = Lease::start(clock.clone() as Arc<dyn Clock>, Duration::from_secs(3600));
    lease.check().unwrap();
    clock.wall.store(HOUR, Ordering::Relaxed);
    lease.check().unwrap();
    for wall in [HOUR + 1, -HOUR - 1] {
        clock.wall.store(wall, Ordering::Relaxed);
        assert_eq!(lease.check().unwrap_err().kind(), ErrorKind::Unavailable, "{wall}");
    }
    clock.wall.store(0, Ordering::Relaxed);
    clock.monotonic.store(HOUR.unsigned_abs() + 1, Ordering::Relaxed);
    lease.check().unwrap_err();
}

#[test]
fn an_old_commit_is_applied_after_the_record_was_read_again() {
    let (toy, clock) = (ToyBackend::new(), HandClock::at(0));
    let mut owner = Owner::claim(&chunked(&toy, clock.clone()));
    owner.decide("k", "v").unwrap();
    clock.wall.store(2 * HOUR, Ordering::Relaxed);
    owner.apply().unwrap();
    assert_eq!(owner.get("k").unwrap(), "v");
}

#[test]
fn an_old_commit_of_a_fenced_owner_is_not_applied() {
    let (toy, clock) = (ToyBackend::new(), HandClock::at(0));
    let mut zombie = Owner::claim(&chunked(&toy, clock.clone()));
    zombie.decide("k", "zombie").unwrap();
    let mut owner = Owner::claim(&chunked(&toy, clock.clone()));
    let delete = owner.next(change(MAP, "k", None), |_| {});
    owner.commit(&delete).unwrap();
    owner.apply().unwrap();
    clock.wall.store(2 * HOUR, Ordering::Relaxed);
    toy.purge();
    let error = zombie.apply().unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Fenced, Effect::Applied));
    assert_eq!(owner.get("k"), None, "nothing comes back after the mark of the delete is gone");
    assert_eq!(zombie.decide("k", "again").unwrap_err().kind(), ErrorKind::Fenced);
}

/// Sleeps for two hours while so many changes have been sent.
#[derive(Debug)]
struct Sleepy {
    clock: Arc<HandClock>,
    changes: AtomicU32,
}

impl Faults for Sleepy {
    fn next(&self, moment: Moment) -> Fault {
        if moment == Moment::Change && self.changes.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.clock.wall.fetch_add(2 * HOUR, Ordering::Relaxed);
        }
        Fault::None
    }
}

#[test]
fn the_lease_is_checked_before_each_write() {
    for fenced in [false, true] {
        let (toy, clock) = (ToyBackend::new(), HandClock::at(0));
        let backend = toy.with_config(RedoConfig { clock: clock.clone(), ..RedoConfig::default() });
        // Changes: claim, commit, and the first of two writes.
        let sleepy = Arc::new(Sleepy { clock, changes: 3.into() });
        let mut owner = Owner::claim(&backend.with_faults(sleepy));
        let mut changes = put(MAP, "a", "1");
        changes.extend(put(MapId::whole(2), "b", "2"));
        let commit = owner.next(changes, |_| {});
        owner.commit(&commit).unwrap();
        assert_eq!(owner.apply().unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(toy.stored(&task()), 1, "the second write was not sent");
        if fenced {
            Owner::claim(&backend);
            assert_eq!(owner.apply().unwrap_err().kind(), ErrorKind::Fenced);
        } else {
            owner.apply().unwrap();
        }
        assert_eq!(toy.stored(&task()), 2);
    }
}

#[test]
fn an_old_commit_whose_record_went_back_is_corrupt() {
    let (toy, clock) = (ToyBackend::new(), HandClock::at(0));
    let mut owner = Owner::claim(&chunked(&toy, clock.clone()));
    let before = toy.record(&task());
    owner.decide("k", "v").unwrap();
    for lost in [before, None] {
        toy.set_record(&task(), lost);
        clock.wall.fetch_add(2 * HOUR, Ordering::Relaxed);
        assert_eq!(owner.apply().unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
