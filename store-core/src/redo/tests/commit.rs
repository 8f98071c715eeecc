//! Deciding, applying and sending again.

use super::tools::{HandClock, MAP, Once, Owner, chunked, put, run, task};
use crate::{
    Effect, ErrorKind,
    backend::MapId,
    redo::{
        Body, Step,
        toy::{Fault, Moment, ToyBackend},
    },
};

fn chunks(toy: &ToyBackend) -> ToyBackend {
    chunked(toy, HandClock::at(1000))
}

#[test]
fn nothing_is_in_the_data_before_it_is_decided() {
    for step in [Step::LogBegun, Step::LogWritten, Step::Deciding] {
        let toy = ToyBackend::new();
        let dying = Once::new(Moment::Step(step), 0, Fault::CrashBefore);
        let owner = Owner::claim(&chunks(&toy).with_faults(dying));
        let commit = owner.next(put(MAP, "k", "v"), |_| {});
        assert!(run(owner.claim.writer.commit(&commit)).is_none(), "dies at {step:?}");
        assert_eq!(toy.stored(&task()), 0);
        assert_eq!(toy.record(&task()).unwrap().sequence, 0);
        assert_eq!(Owner::claim(&toy).get("k"), None);
    }
}

#[test]
fn the_next_log_is_written_before_the_commit_is_applied_and_decided_after() {
    let toy = ToyBackend::new();
    for (step, applied) in [(Step::LogWritten, 0), (Step::Deciding, 1)] {
        let dying = Once::new(Moment::Step(step), 1, Fault::CrashBefore);
        let mut owner = Owner::claim(&chunks(&toy).with_faults(dying));
        owner.decide("a", "1").unwrap();
        let logs = toy.logs(&task());
        let commit = owner.next(put(MAP, "b", "2"), |_| {});
        assert!(run(owner.claim.writer.commit(&commit)).is_none());
        assert!(toy.logs(&task()) > logs, "the next log is there");
        assert_eq!(toy.stored(&task()), applied, "{step:?}");
        Owner::claim(&toy);
        run(crate::backend::Backend::destroy(&toy, &task())).unwrap().unwrap();
    }
}

#[test]
fn the_next_commit_replaces_the_mark_and_removes_the_log() {
    let toy = ToyBackend::new();
    let backend = chunks(&toy);
    let mut owner = Owner::claim(&backend);
    owner.put("a", "1");
    let first = toy.record(&task()).unwrap().pending.expect("the mark stays").log;
    let one = toy.logs(&task());
    for _ in 0..3 {
        owner.put("a", "1");
        assert_eq!(toy.logs(&task()), 2 * one, "the last log, and the one before");
    }
    assert_ne!(toy.record(&task()).unwrap().pending.unwrap().log, first);
    // The logs of an earlier owner go with the second commit of the next one: before the first the record names one.
    let mut next = Owner::claim(&backend);
    assert_eq!(toy.logs(&task()), 2 * one);
    next.put("b", "2");
    assert_eq!(toy.logs(&task()), 3 * one);
    next.put("b", "2");
    assert_eq!(toy.logs(&task()), 2 * one);
}

#[test]
fn a_log_that_may_be_decided_is_kept() {
    for fault in [Fault::LostReply, Fault::Late(1)] {
        let toy = ToyBackend::new();
        // Changes: claim, two chunks, commit.
        let unlucky = chunks(&toy).with_faults(Once::new(Moment::Change, 3, fault));
        let mut owner = Owner::claim(&unlucky);
        let sent = owner.next(put(MAP, "k", "v"), |_| {});
        assert_eq!(owner.commit(&sent).unwrap_err().effect(), Effect::Unknown);
        let other = owner.next(put(MAP, "k", "other"), |_| {});
        owner.commit(&other).unwrap_err();
        toy.deliver(0);
        assert_eq!(Owner::claim(&toy).get("k").unwrap(), "v", "{fault:?}");
    }
}

/// No database may say so, and where one does nothing is lost but the owner.
#[test]
fn a_log_is_kept_that_was_decided_and_said_not_to_be() {
    let toy = ToyBackend::new();
    // Changes: claim, two chunks, commit.
    let wrong = chunks(&toy).with_faults(Once::new(Moment::Change, 3, Fault::Misreported));
    let mut owner = Owner::claim(&wrong);
    let sent = owner.next(put(MAP, "k", "v"), |_| {});
    assert_eq!(owner.commit(&sent).unwrap_err().effect(), Effect::NotApplied);
    let other = owner.next(put(MAP, "k", "other"), |_| {});
    let error = owner.commit(&other).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::SequenceGap, Effect::Unknown));
    assert_eq!(Owner::claim(&toy).get("k").unwrap(), "v");
}

#[test]
fn a_refused_commit_is_sent_again_with_its_log() {
    for fault in [Fault::Refused, Fault::Misreported] {
        let toy = ToyBackend::new();
        let backend = chunks(&toy).with_faults(Once::new(Moment::Change, 3, fault));
        let mut owner = Owner::claim(&backend);
        let sent = owner.next(put(MAP, "k", "v"), |_| {});
        assert_eq!(owner.commit(&sent).unwrap_err().effect(), Effect::NotApplied);
        let logs = toy.logs(&task());
        owner.commit(&sent).unwrap();
        assert_eq!(toy.logs(&task()), logs, "{fault:?}");
        assert_eq!(Owner::claim(&toy).get("k").unwrap(), "v");
    }
}

#[test]
fn a_log_of_an_earlier_owner_is_kept_until_the_record_names_another() {
    let toy = ToyBackend::new();
    let backend = chunks(&toy);
    Owner::claim(&backend).decide("k", "v").unwrap();
    let dying = Once::new(Moment::Step(Step::Deciding), 0, Fault::CrashBefore);
    let next = Owner::claim(&backend.with_faults(dying));
    let commit = next.next(put(MAP, "k", "other"), |_| {});
    assert!(run(next.claim.writer.commit(&commit)).is_none());
    assert_eq!(Owner::claim(&backend).get("k").unwrap(), "v");
}

#[test]
fn a_chunk_is_as_large_as_the_largest_write() {
    let toy = ToyBackend::new();
    let mut owner = Owner::claim(&chunks(&toy));
    let mut changes = put(MAP, "key", "a value that is longer than a chunk is otherwise");
    changes.extend(put(MapId::whole(2), "k", "v"));
    let commit = owner.next(changes, |_| {});
    owner.commit(&commit).unwrap();
    assert_eq!(toy.logs(&task()), 2, "one chunk that is as large as the write, and the rest");
}

#[test]
fn a_small_commit_is_kept_in_the_record() {
    let toy = ToyBackend::new();
    Owner::claim(&toy).decide("k", "v").unwrap();
    assert_eq!(toy.logs(&task()), 0);
    assert!(matches!(toy.record(&task()).unwrap().pending.unwrap().body, Body::Inline(_)));
    assert_eq!(Owner::claim(&toy).get("k").unwrap(), "v");
}

#[test]
fn a_number_that_was_sent_is_only_sent_again_with_the_same_content() {
    for fault in [Fault::LostReply, Fault::Late(1), Fault::Late(0)] {
        let toy = ToyBackend::new();
        let unlucky = toy.with_faults(Once::new(Moment::Change, 1, fault));
        let mut owner = Owner::claim(&unlucky);
        let sent = owner.next(put(MAP, "k", "sent"), |_| {});
        let error = owner.commit(&sent).unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Timeout, Effect::Unknown));
        let other = owner.next(put(MAP, "k", "other"), |_| {});
        assert_eq!(owner.commit(&other).unwrap_err().kind(), ErrorKind::InvalidArgument);
        owner.commit(&sent).unwrap();
        toy.deliver(0);
        owner.apply().unwrap();
        assert_eq!(owner.get("k").unwrap(), "sent");
        assert_eq!(toy.record(&task()).unwrap().sequence, 1);
    }
}

#[test]
fn a_change_that_was_certainly_refused_leaves_the_number_free() {
    let toy = ToyBackend::new();
    let unlucky = toy.with_faults(Once::new(Moment::Change, 1, Fault::Refused));
    let mut owner = Owner::claim(&unlucky);
    let refused = owner.next(put(MAP, "k", "refused"), |_| {});
    let error = owner.commit(&refused).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Throttled, Effect::NotApplied));
    owner.put("k", "other");
    assert_eq!(owner.get("k").unwrap(), "other");
}

#[test]
fn a_refusal_after_an_unknown_outcome_settles_nothing() {
    let toy = ToyBackend::new();
    let unlucky = toy.with_faults(Once::new(Moment::Change, 1, Fault::Late(1)));
    let mut owner = Owner::claim(&unlucky);
    let sent = owner.next(put(MAP, "k", "sent"), |_| {});
    owner.commit(&sent).unwrap_err();
    toy.refuse_next_change();
    let error = owner.commit(&sent).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Throttled, Effect::Unknown));
    toy.deliver(0);
    owner.commit(&sent).unwrap();
}

#[test]
fn fenced_says_what_is_known_of_the_commit() {
    let toy = ToyBackend::new();
    let mut owner = Owner::claim(&toy);
    Owner::claim(&toy);
    let error = owner.decide("k", "v").unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Fenced, Effect::NotApplied));

    let unlucky = toy.with_faults(Once::new(Moment::Change, 1, Fault::LostReply));
    let mut owner = Owner::claim(&unlucky);
    let sent = owner.next(put(MAP, "k", "v"), |_| {});
    owner.commit(&sent).unwrap_err();
    Owner::claim(&toy);
    for _ in 0..2 {
        let error = owner.commit(&sent).unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Fenced, Effect::Unknown));
    }
    // What was sent under the old fence is what the new owner found.
    assert_eq!(Owner::claim(&toy).get("k").unwrap(), "v");
}

#[test]
fn a_gap_in_what_is_sent_is_refused() {
    let toy = ToyBackend::new();
    let mut owner = Owner::claim(&toy);
    let commit = owner.next(put(MAP, "k", "v"), |checkpoint| checkpoint.sequence += 1);
    let error = owner.commit(&commit).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::SequenceGap, Effect::NotApplied));
}

#[test]
fn a_record_that_went_back_is_corrupt() {
    for lost in 0..3 {
        let toy = ToyBackend::new();
        Owner::claim(&toy).put("k", "v");
        let before_claim = toy.record(&task());
        let mut owner = Owner::claim(&toy);
        let after_claim = toy.record(&task());
        owner.put("k", "w");
        let back = [None, before_claim, after_claim][lost].clone();
        toy.set_record(&task(), back);
        let error = owner.decide("k", "x").unwrap_err();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Corrupt, Effect::NotApplied));
    }
}
