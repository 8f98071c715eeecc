//! Reading versions while others are put: what was there all the time is never missed.

use std::time::Duration;

use futures::{TryStreamExt, future::join};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use store_core::{
    EngineConfig,
    layers::{Faults, Odds},
    prelude::*,
};

use crate::common::Faulty;

static VERSIONS: VersionedKeyValue<u64, i64> =
    VersionedKeyValue::new("versions", Duration::from_millis(1000))
        .segments(Duration::from_millis(10));

const FIRST: i64 = 5;
const LAST: i64 = 50;

/// Puts versions between the first and the last one, in any order, and later ones.
async fn put(store: &dyn VersionedKeyValueStore<u64, i64>, key: u64, rng: &mut StdRng) {
    let mut times: Vec<i64> = (FIRST + 1..LAST).chain(LAST + 1..LAST + 20).collect();
    times.shuffle(rng);
    for time in times.into_iter().take(12) {
        // Now and then a tombstone.
        let value = (time % 5 != 0).then_some(time);
        store.put(&key, value.as_ref(), time).await.unwrap();
    }
}

async fn read(store: &dyn ReadOnlyVersionedKeyValueStore<u64, i64>, key: u64, rounds: usize) {
    for round in 0..rounds {
        let at = |time| store.get_as_of(&key, time);
        let first = at(FIRST).await.unwrap();
        assert_eq!(first.map(|version| version.time), Some(FIRST), "key {key} as of {FIRST}");
        let last = at(LAST).await.unwrap();
        assert_eq!(last.map(|version| version.time), Some(LAST), "key {key} as of {LAST}");
        let order = if round % 2 == 0 { Order::Forward } else { Order::Backward };
        let history = store.history(&key, 0, 1000, order).map_ok(|version| version.time);
        let mut times: Vec<_> = history.try_collect().await.unwrap();
        if order == Order::Backward {
            times.reverse();
        }
        assert!(times.is_sorted_by(|a, b| a < b), "key {key}, {order:?}: {times:?}");
        for time in [FIRST, LAST] {
            assert!(times.contains(&time), "key {key}, {order:?}: {time} is not in {times:?}");
        }
    }
}

#[tokio::test]
async fn versions_that_move_are_never_missed() {
    let backend = Faulty::over(Faults::seeded(1, Odds::delays(3)));
    let mut config = EngineConfig::default();
    config.page_entries = 2;
    let task = backend.with(config).task("app", 0).store(&VERSIONS).open().await.unwrap();
    let store = task.store(&VERSIONS).unwrap();
    let mut rng = StdRng::seed_from_u64(2);
    for key in 0..400 {
        for time in [FIRST, LAST] {
            store.put(&key, Some(&time), time).await.unwrap();
        }
        // Every other key is read from the backend, not from the buffers.
        if key % 2 == 0 {
            task.commit(()).await.unwrap();
        }
        join(put(&*store, key, &mut rng), read(&*store, key, 10)).await;
    }
    // What readers see of somebody else's task changes from commit to commit.
    let read_task = backend.database().read("app", 0).await.unwrap();
    let reader = read_task.store(&VERSIONS).await.unwrap();
    for key in 1000..1100 {
        for time in [FIRST, LAST] {
            store.put(&key, Some(&time), time).await.unwrap();
        }
        task.commit(()).await.unwrap();
        let commits = async {
            // Splits what is read, and supersedes the last one by versions in segments of their own.
            let later = (1..8).map(|n| LAST + n * 37);
            for time in (FIRST + 1..LAST).step_by(7).chain(later) {
                store.put(&key, Some(&time), time).await.unwrap();
                task.commit(()).await.unwrap();
            }
        };
        join(commits, read(&*reader, key, 5)).await;
    }
}

/// What is the latest version may be superseded between two calls, by one in a segment that was not there yet.
#[tokio::test]
async fn a_version_is_not_missed_while_it_is_superseded() {
    let backend = Faulty::over(Faults::seeded(3, Odds::delays(3)));
    let task = backend.database().task("app", 0).store(&VERSIONS).open().await.unwrap();
    let store = task.store(&VERSIONS).unwrap();
    task.commit(()).await.unwrap();
    let reader = backend.database().read("app", 0).await.unwrap();
    let reader = reader.store(&VERSIONS).await.unwrap();
    for key in 0..300 {
        store.put(&key, Some(&1), FIRST).await.unwrap();
        task.commit(()).await.unwrap();
        let supersede = async {
            let time = 100 + i64::try_from(key).unwrap() * 2;
            store.put(&key, Some(&2), time).await.unwrap();
            task.commit(()).await.unwrap();
        };
        let look = async |store: &dyn ReadOnlyVersionedKeyValueStore<u64, i64>| {
            for _ in 0..4 {
                let found = store.get_as_of(&key, LAST).await.unwrap();
                assert_eq!(found.map(|version| version.time), Some(FIRST), "key {key}");
                let history = store.history(&key, 0, LAST, Order::Forward);
                let times: Vec<_> = history.map_ok(|v| v.time).try_collect().await.unwrap();
                assert_eq!(times, [FIRST], "key {key}");
            }
        };
        join(supersede, join(look(&*store), look(&*reader))).await;
    }
}
