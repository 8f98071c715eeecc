//! Claims and take-overs.

use std::{
    pin::pin,
    sync::atomic::Ordering,
    task::{Context, Waker},
};

use super::tools::{HandClock, MAP, Once, Owner, chunked, run, task};
use crate::{
    Effect, ErrorKind,
    backend::{Backend, OwnerId},
    redo::{
        Meta, Step,
        toy::{Fault, Moment, ToyBackend},
    },
};

fn dies_at(toy: &ToyBackend, step: Step) {
    let dying = toy.with_faults(Once::new(Moment::Step(step), 0, Fault::CrashBefore));
    assert!(run(dying.claim(&task(), OwnerId::random(), &[])).is_none());
}

#[test]
fn raising_the_epoch_changes_nothing_else() {
    let toy = ToyBackend::new();
    Owner::claim(&toy).decide("k", "v").unwrap();
    let before = toy.record(&task()).unwrap();
    dies_at(&toy, Step::Claimed);
    let after = toy.record(&task()).unwrap();
    assert_eq!(after.fence.epoch, before.fence.epoch + 1);
    assert_eq!(Meta { fence: before.fence, ..after }, before);
}

#[test]
fn a_commit_decided_while_a_claim_begins_is_not_missed() {
    let toy = ToyBackend::new();
    let mut old = Owner::claim(&toy);
    // Faults that never come make the toy yield at each request.
    let yielding = toy.with_faults(Once::new(Moment::Read, usize::MAX, Fault::None));
    let id = task();
    let mut claiming = pin!(yielding.claim(&id, OwnerId::random(), &[]));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        // Has read the record, and is about to raise the epoch.
        assert!(claiming.as_mut().poll(&mut context).is_pending());
    }
    old.decide("k", "between").unwrap();
    let claim = run(claiming).unwrap().unwrap();
    assert_eq!(claim.checkpoint.sequence, 1);
    assert_eq!(toy.stored(&task()), 1, "its log was applied");
    assert_eq!(old.decide("k", "late").unwrap_err().kind(), ErrorKind::Fenced);
}

#[test]
fn a_claim_sent_again_is_not_its_own_rival() {
    let (toy, id) = (ToyBackend::new(), OwnerId::random());
    let unlucky = toy.with_faults(Once::new(Moment::Change, 0, Fault::LostReply));
    assert!(Owner::claim_as(&unlucky, id).is_err());
    let mut owner = Owner::claim_as(&unlucky, id).unwrap();
    owner.put("k", "v");
    assert_eq!(toy.record(&task()).unwrap().fence.epoch, 1);
}

#[test]
fn a_claim_sent_again_does_not_trust_a_read_alone() {
    let (toy, id) = (ToyBackend::new(), OwnerId::random());
    Owner::claim_as(&toy, id).unwrap();
    // The compare-and-set of the second claim is refused: only its answer is binding.
    let refusing = toy.with_faults(Once::new(Moment::Change, 0, Fault::Refused));
    assert_eq!(Owner::claim_as(&refusing, id).err().unwrap().kind(), ErrorKind::Throttled);
}

#[test]
fn whoever_finishes_a_commit_uses_its_stamp() {
    let (toy, clock) = (ToyBackend::new(), HandClock::at(1000));
    Owner::claim(&chunked(&toy, clock.clone())).decide("k", "v").unwrap();
    let stamp = toy.record(&task()).unwrap().pending.unwrap().stamp;
    clock.wall.store(5000, Ordering::Relaxed);
    let mut owner = Owner::claim(&chunked(&toy, clock.clone()));
    assert_eq!(toy.stamp(&task(), MAP, b"k"), Some(stamp));
    // A clock that went back does not give a lower stamp.
    clock.wall.store(-7, Ordering::Relaxed);
    owner.decide("k", "w").unwrap();
    assert_eq!(toy.record(&task()).unwrap().stamp_hi, stamp + 1);
}

#[test]
fn a_claim_that_dies_leaves_the_commit_to_the_next_one() {
    for step in [Step::Claimed, Step::Reread, Step::Finished] {
        let (toy, clock) = (ToyBackend::new(), HandClock::at(1000));
        let backend = chunked(&toy, clock);
        Owner::claim(&backend).decide("k", "v").unwrap();
        dies_at(&backend, step);
        assert_eq!(Owner::claim(&backend).get("k").unwrap(), "v", "{step:?}");
    }
}

#[test]
fn a_decided_log_that_is_gone_is_corrupt() {
    let (toy, clock) = (ToyBackend::new(), HandClock::at(1000));
    let backend = chunked(&toy, clock);
    Owner::claim(&backend).decide("k", "v").unwrap();
    toy.lose_logs(&task());
    let error = Owner::claim_as(&backend, OwnerId::random()).err().unwrap();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Corrupt, Effect::NotApplied));
}
