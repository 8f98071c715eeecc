//! Traces that chance finds late, each with the rule and without it.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Waker},
};

use bytes::Bytes;

use super::tools::{HandClock, MAP, Once, Owner, change, chunked, put, run, task};
use crate::{
    ErrorKind,
    backend::{Backend, Commit, OwnerId},
    redo::{
        RedoConfig,
        toy::{Break, Fault, Moment, ToyBackend},
    },
};

/// Whether the state ends as it must.
type Trace = fn(Option<Break>) -> bool;

#[track_caller]
fn only_holds_with(rule: Break, trace: Trace) {
    assert!(trace(None), "the protocol holds");
    assert!(!trace(Some(rule)), "without the rule it does not");
}

/// The value a last owner finds, if it can claim.
fn last(toy: &ToyBackend) -> Option<Bytes> {
    Owner::claim_as(toy, OwnerId::random()).ok()?.get("k")
}

/// An owner's own late clear arrives when the next commit is decided and not yet applied.
#[test]
fn a_late_clear_of_the_same_owner() {
    let trace = |broken| {
        let toy = ToyBackend::new().broken(broken);
        let config = RedoConfig { clear_at_once: true, ..RedoConfig::default() };
        // Changes: claim, commit, write, clear.
        let faults = Once::new(Moment::Change, 3, Fault::Late(1));
        let mut owner = Owner::claim(&toy.with_config(config).with_faults(faults));
        owner.put("k", "1");
        assert_eq!(toy.in_flight(), 1);
        owner.decide("k", "2").unwrap();
        toy.deliver(0);
        last(&toy).is_some_and(|value| value == "2")
    };
    only_holds_with(Break::ClearWithoutCondition, trace);
    only_holds_with(Break::ClearByEpochOnly, trace);
}

/// Writing a log fails, and its chunk arrives when another log of the same number was decided.
#[test]
fn a_late_chunk_of_an_earlier_attempt() {
    only_holds_with(Break::LogWithoutAttempt, |broken| {
        let toy = ToyBackend::new().broken(broken);
        let backend = chunked(&toy, HandClock::at(1000));
        let faults = Once::new(Moment::Change, 1, Fault::Late(1));
        let mut owner = Owner::claim(&backend.with_faults(faults));
        owner.decide("k", "first").unwrap_err();
        owner.decide("k", "other").unwrap();
        toy.deliver(0);
        last(&toy).is_some_and(|value| value == "other")
    });
}

/// The old owner commits twice between a claim's first read and its compare-and-set.
#[test]
fn commits_between_the_read_and_the_claim() {
    let trace = |broken| {
        let toy = ToyBackend::new().broken(broken);
        let clock = HandClock::at(1000);
        let backend = chunked(&toy, clock.clone());
        let mut old = Owner::claim(&backend);
        old.put("k", "1");
        let yielding = backend.with_faults(Once::new(Moment::Read, usize::MAX, Fault::None));
        let id = task();
        let claiming = yielding.claim(&id, OwnerId::random(), &[]);
        let mut claiming = pin!(claiming);
        for _ in 0..2 {
            let context = &mut Context::from_waker(Waker::noop());
            assert!(claiming.as_mut().poll(context).is_pending());
        }
        clock.wall.store(2000, Ordering::Relaxed);
        old.put("k", "2");
        old.put("k", "3");
        clock.wall.store(1000, Ordering::Relaxed);
        let Ok(claim) = run(claiming).unwrap() else { return false };
        let checkpoint = claim.checkpoint.clone();
        let mut new = Owner { claim, checkpoint };
        let deleted = new.next(change(MAP, "k", None), |_| {});
        new.commit(&deleted).is_ok() && new.apply().is_ok() && new.get("k").is_none()
    };
    only_holds_with(Break::ClaimReadsOnce, trace);
    only_holds_with(Break::ClaimWritesStamp, trace);
}

/// A commit is not found by a read, and arrives afterwards.
#[test]
fn a_commit_that_arrives_after_it_was_not_found() {
    only_holds_with(Break::SettledByReading, |broken| {
        let toy = ToyBackend::new().broken(broken);
        let faults = Once::new(Moment::Change, 1, Fault::Late(1));
        let mut owner = Owner::claim(&toy.with_faults(faults));
        let sent = owner.next(put(MAP, "k", "sent"), |_| {});
        owner.commit(&sent).unwrap_err();
        toy.deliver(0);
        let other: Arc<Commit> = owner.next(put(MAP, "k", "other"), |_| {});
        // Refused until the first one is settled.
        let kind = owner.commit(&other).unwrap_err().kind();
        kind == ErrorKind::InvalidArgument && owner.commit(&sent).is_ok()
    });
}

/// An owner sleeps before it applies; its key is deleted and the mark of that is purged.
#[test]
fn an_owner_that_slept_for_long() {
    let trace = |broken| {
        let clock = HandClock::at(1000);
        let toy = ToyBackend::new().broken(broken);
        let backend = chunked(&toy, clock.clone());
        let mut zombie = Owner::claim(&backend);
        zombie.decide("k", "zombie").unwrap();
        let mut owner = Owner::claim(&backend);
        let deleted = owner.next(change(MAP, "k", None), |_| {});
        owner.commit(&deleted).unwrap();
        owner.apply().unwrap();
        // Whoever finishes a commit deletes again, so this one must not be the last.
        owner.put("other", "x");
        if broken != Some(Break::PurgedTooEarly) {
            clock.wall.store(36_000_000_000, Ordering::Relaxed);
            toy.purge();
        }
        Owner::claim(&backend);
        let _ = zombie.apply();
        last(&backend).is_none()
    };
    only_holds_with(Break::ApplyAtAnyAge, trace);
    only_holds_with(Break::PurgedTooEarly, trace);
}

/// A sweep is slow, and the next commit's log is there when it arrives.
#[test]
fn a_slow_sweep() {
    only_holds_with(Break::SweepAllOthers, |broken| {
        let toy = ToyBackend::new().broken(broken);
        let backend = chunked(&toy, HandClock::at(1000));
        let mut owner = Owner::claim(&backend);
        owner.decide("k", "v").unwrap();
        toy.deliver(0);
        last(&toy).is_some_and(|value| value == "v")
    });
}

/// A new owner finishes a log, leaves the mark to its next commit, and sweeps.
#[test]
fn a_sweep_while_the_mark_names_the_log() {
    only_holds_with(Break::SweepPending, |broken| {
        let toy = ToyBackend::new().broken(broken);
        let backend = chunked(&toy, HandClock::at(1000));
        Owner::claim(&backend).decide("k", "v").unwrap();
        let _ = Owner::claim_as(&backend, OwnerId::random());
        last(&backend).is_some_and(|value| value == "v")
    });
}
