//! What a search says of the last commit, which may be applied or not.

use bytes::Bytes;

use super::tools::{HandClock, MAP, Owner, change, chunked, put, reader, run, task};
use crate::{
    ErrorKind, Result,
    backend::{Backend, Changes, MapChange, PageLimit, SearchPage, TaskReader},
    redo::toy::ToyBackend,
    search::{Condition, Query},
};

/// A value of one field, `n`.
fn indexed(key: &'static str, value: &'static str, n: i64) -> Changes {
    let mut changes = put(MAP, key, value);
    let Some(MapChange::Write(writes)) = changes.get_mut(&MAP) else { panic!("writes") };
    for put in writes.values_mut().flatten() {
        put.fields = Some(format!(r#"{{"n":{n}}}"#).into());
    }
    changes
}

fn search(reader: &dyn TaskReader, query: &Query) -> Result<SearchPage> {
    run(reader.searcher().unwrap().search(1, query, None, PageLimit::default())).unwrap()
}

/// The keys of which `n` is at least this, in its order, and the commit up to which is seen.
fn found(reader: &dyn TaskReader, least: i64) -> (Vec<Bytes>, u64) {
    let query = Query::new(Condition::range("n", least..)).ascending("n");
    let page = search(reader, &query).unwrap();
    (page.entries.into_iter().map(|(key, _)| key).collect(), page.sequence)
}

#[test]
fn a_reader_says_whether_the_last_commit_is_applied() {
    for chunks in [false, true] {
        let toy = ToyBackend::new();
        let backend = if chunks { chunked(&toy, HandClock::at(1000)) } else { toy };
        let mut owner = Owner::claim(&backend);
        let seen = reader(&backend).unwrap();
        assert_eq!(found(&*seen, 0), (vec![], 0));
        let commit = owner.next(indexed("a", "1", 5), |_| {});
        owner.commit(&commit).unwrap();
        assert_eq!(found(&*seen, 0), (vec![], 0), "it is in the log only");
        owner.apply().unwrap();
        assert_eq!(found(&*seen, 0), (vec!["a".into()], 1));
        let commit = owner.next(change(MAP, "a", None), |_| {});
        owner.commit(&commit).unwrap();
        assert_eq!(found(&*seen, 0), (vec!["a".into()], 1));
        owner.apply().unwrap();
        assert_eq!(found(&*seen, 0), (vec![], 2));
        assert_eq!(found(&*reader(&backend).unwrap(), 0), (vec![], 2));
    }
}

#[test]
fn an_unapplied_commit_of_the_same_value_is_not_taken_for_applied() {
    let toy = ToyBackend::new();
    let mut owner = Owner::claim(&toy);
    owner.put("a", "1");
    let commit = owner.next(indexed("a", "1", 5), |_| {});
    owner.commit(&commit).unwrap();
    let seen = reader(&toy).unwrap();
    assert_eq!(found(&*seen, 0), (vec![], 1));
    owner.apply().unwrap();
    assert_eq!(found(&*seen, 0), (vec!["a".into()], 2));
}

#[test]
fn the_owner_sees_what_it_decided() {
    let toy = ToyBackend::new();
    let mut owner = Owner::claim(&toy);
    for (key, n) in [("b", 1), ("a", 2), ("c", -1)] {
        let commit = owner.next(indexed(key, "v", n), |_| {});
        owner.commit(&commit).unwrap();
    }
    assert_eq!(found(&*owner.claim.writer, 0), (vec!["b".into(), "a".into()], 3));
}

#[test]
fn nothing_is_found_of_a_task_that_was_destroyed() {
    let toy = ToyBackend::new();
    let mut owner = Owner::claim(&toy);
    let commit = owner.next(indexed("a", "1", 5), |_| {});
    owner.commit(&commit).unwrap();
    owner.apply().unwrap();
    let seen = reader(&toy).unwrap();
    run(toy.destroy(&task())).unwrap().unwrap();
    let told = search(&*seen, &Query::all()).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::NotFound);
    let again = Owner::claim(&toy);
    assert_eq!(search(&*seen, &Query::all()).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(found(&*again.claim.writer, 0), (vec![], 0));
    assert_eq!(found(&*reader(&toy).unwrap(), 0), (vec![], 0));
}
