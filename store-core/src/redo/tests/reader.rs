//! What somebody who does not own the task sees.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;

use super::tools::{HandClock, MAP, Once, Owner, change, chunked, get, put, reader, run, task};
use crate::{
    ErrorKind,
    backend::{Backend, KeyRange, MapChange, MapId, Order, PageLimit},
    redo::toy::{Fault, Moment, ToyBackend},
};

fn keys(backend: &ToyBackend, order: Order) -> Vec<Bytes> {
    let reader = reader(backend).unwrap();
    let page = run(reader.scan(MAP, &KeyRange::ALL, order, PageLimit::default())).unwrap().unwrap();
    page.entries.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn a_decided_commit_is_seen_before_it_is_applied() {
    let backend = chunked(&ToyBackend::new(), HandClock::at(1000));
    let mut owner = Owner::claim(&backend);
    for key in ["a", "b", "c"] {
        owner.put(key, "old");
    }
    let mut changes = put(MAP, "a", "new");
    let deleted = change(MAP, "b", None);
    let (MapChange::Write(writes), Some(MapChange::Write(more))) =
        (changes.get_mut(&MAP).unwrap(), deleted.into_values().next())
    else {
        panic!("writes")
    };
    writes.extend(more);
    let commit = owner.next(changes, |_| {});
    owner.commit(&commit).unwrap();
    let seen = reader(&backend).unwrap();
    assert_eq!(get(&*seen, MAP, "a").unwrap().unwrap(), "new");
    assert_eq!(get(&*seen, MAP, "b").unwrap(), None);
    assert_eq!(keys(&backend, Order::Forward), ["a", "c"]);
    assert_eq!(keys(&backend, Order::Backward), ["c", "a"]);
    assert_eq!(owner.get("a").unwrap(), "old", "it is in the log only");
}

#[test]
fn a_read_is_repeated_when_a_commit_was_decided_meanwhile() {
    let toy = ToyBackend::new();
    let mut owner = Owner::claim(&toy);
    owner.put("a", "1");
    let yielding = toy.with_faults(Once::new(Moment::Read, usize::MAX, Fault::None));
    let seen = reader(&yielding).unwrap();
    let asked = ["a", "b"].map(|key| (MAP, Bytes::from_static(key.as_bytes())));
    let mut reading = pin!(seen.get_many(&asked));
    let mut context = Context::from_waker(Waker::noop());
    // Between any two steps of the read, something is committed, until it has read for long enough.
    for turn in 0..1000 {
        if let Poll::Ready(values) = reading.as_mut().poll(&mut context) {
            let values = values.unwrap();
            assert_eq!(values[0], values[1], "one commit, whole");
            assert_eq!(values[0].as_ref().unwrap(), "2");
            return;
        }
        if turn == 2 {
            let mut both = put(MAP, "a", "2");
            both.extend(put(MAP, "b", "2"));
            let MapChange::Write(writes) = both.get_mut(&MAP).unwrap() else { panic!("writes") };
            let value = writes.values().next().unwrap().clone();
            writes.insert(Bytes::from_static(b"a"), value);
            let commit = owner.next(both, |_| {});
            owner.commit(&commit).unwrap();
        }
    }
    panic!("the read does not end");
}

#[test]
fn what_lies_below_the_floor_is_absent_whatever_is_stored() {
    let toy = ToyBackend::new();
    let (old, live) = (MapId::segment(1, 4), MapId::segment(1, 5));
    let mut owner = Owner::claim(&toy);
    let mut changes = put(old, "k", "old");
    changes.extend(put(live, "k", "live"));
    let commit = owner.next(changes, |_| {});
    owner.commit(&commit).unwrap();
    owner.apply().unwrap();
    // The floor alone, as if the removal of the map had not come yet.
    let commit = owner.next([].into(), |checkpoint| {
        checkpoint.stores.get_mut(&1).unwrap().floor = Some(5);
    });
    owner.commit(&commit).unwrap();
    owner.apply().unwrap();
    let again = Owner::claim(&toy);
    let seen = reader(&toy).unwrap();
    for sight in [&*seen, &*owner.claim.writer, &*again.claim.writer] {
        assert_eq!(get(sight, old, "k").unwrap(), None);
        assert_eq!(get(sight, live, "k").unwrap().unwrap(), "live");
        let scan = |map| {
            let scan = sight.scan(map, &KeyRange::ALL, Order::Forward, PageLimit::default());
            run(scan).unwrap().unwrap().entries.len()
        };
        assert_eq!((scan(old), scan(live)), (0, 1));
        assert_eq!(run(sight.approximate_len(old)).unwrap().unwrap(), 0);
    }
}

#[test]
fn a_task_never_claimed_is_not_found() {
    let toy = ToyBackend::new();
    assert_eq!(reader(&toy).unwrap_err().kind(), ErrorKind::NotFound);
    Owner::claim(&toy);
    let seen = reader(&toy).unwrap();
    run(toy.destroy(&task())).unwrap().unwrap();
    assert_eq!(get(&*seen, MAP, "k").unwrap_err().kind(), ErrorKind::NotFound);
}
