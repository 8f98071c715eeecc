//! Destroying a task.

use super::tools::{MAP, Once, Owner, get, reader, run, task};
use crate::{
    Effect, ErrorKind,
    backend::{Backend, OwnerId},
    redo::{
        Step,
        toy::{Fault, Moment, ToyBackend},
    },
};

fn destroy(backend: &ToyBackend) -> Option<crate::Result<()>> {
    run(backend.destroy(&task()))
}

/// A task with one value, destroyed by a process that dies at a step.
fn destroyed_until(step: Step) -> ToyBackend {
    let toy = ToyBackend::new();
    Owner::claim(&toy).put("k", "old");
    let dying = toy.with_faults(Once::new(Moment::Step(step), 0, Fault::CrashBefore));
    assert!(destroy(&dying).is_none(), "the process dies");
    toy
}

#[test]
fn epoch_and_stamps_stay() {
    let toy = ToyBackend::new();
    Owner::claim(&toy).put("k", "old");
    let before = toy.record(&task()).unwrap();
    destroy(&toy).unwrap().unwrap();
    let after = toy.record(&task()).unwrap();
    assert_eq!(after.fence.epoch, 2);
    assert!(after.stamp_hi > before.stamp_hi);
    assert!(!after.is_alive());
    assert_eq!(destroy(&toy).unwrap().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(Owner::claim(&toy).get("k"), None);
}

#[test]
fn who_cannot_remove_the_data_does_not_say_that_the_task_is_still_there() {
    let toy = ToyBackend::new();
    Owner::claim(&toy).put("k", "old");
    // Changes: claim, write of the last commit, destruction, wipe.
    let unlucky = toy.with_faults(Once::new(Moment::Change, 3, Fault::Refused));
    let error = destroy(&unlucky).unwrap().unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Throttled, Effect::Unknown));
    assert!(!toy.record(&task()).unwrap().is_alive());
    let unlucky = toy.with_faults(Once::new(Moment::Change, 0, Fault::Refused));
    assert_eq!(destroy(&unlucky).unwrap().unwrap_err().effect(), Effect::Unknown);
    destroy(&toy).unwrap().unwrap();
}

#[test]
fn a_destruction_cut_short_is_finished_by_the_next_one() {
    let toy = destroyed_until(Step::Wiping);
    assert!(toy.stored(&task()) > 0, "nothing was removed yet");
    destroy(&toy).unwrap().unwrap();
    assert_eq!(toy.stored(&task()), 0);
    assert_eq!(destroy(&toy).unwrap().unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_destruction_cut_short_is_finished_by_the_next_claim() {
    let toy = destroyed_until(Step::Wiping);
    let mut owner = Owner::claim(&toy);
    assert_eq!(owner.get("k"), None);
    owner.put("k", "new");
    assert_eq!(Owner::claim(&toy).get("k").unwrap(), "new");
}

#[test]
fn readers_see_nothing_of_a_destroyed_task_while_it_is_wiped() {
    let toy = destroyed_until(Step::Wiping);
    let dying = Once::new(Moment::Step(Step::Wiping), 0, Fault::CrashBefore);
    let claiming = toy.with_faults(dying);
    assert!(run(claiming.claim(&task(), OwnerId::random(), &[])).is_none());
    let reader = reader(&toy).unwrap();
    assert_eq!(run(reader.checkpoint()).unwrap().unwrap().sequence, 0);
    assert_eq!(get(&*reader, MAP, "k").unwrap(), None);
    assert_eq!(run(reader.approximate_len(MAP)).unwrap().unwrap(), 0);
}

#[test]
fn a_zombie_of_the_destroyed_task_loses() {
    let toy = ToyBackend::new();
    let faults = Once::new(Moment::Change, 2, Fault::Late(1));
    let mut zombie = Owner::claim(&toy.with_faults(faults));
    zombie.decide("k", "zombie").unwrap();
    assert!(zombie.apply().is_err(), "its write is on its way");
    destroy(&toy).unwrap().unwrap();
    let mut owner = Owner::claim(&toy);
    toy.deliver(0);
    zombie.apply().unwrap();
    assert_eq!(owner.get("k"), None);
    assert_eq!(zombie.decide("k", "again").unwrap_err().kind(), ErrorKind::Fenced);
    owner.put("k", "new");
    assert_eq!(owner.get("k").unwrap(), "new");
}
