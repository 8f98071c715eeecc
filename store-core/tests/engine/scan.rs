//! Scans that merge the buffers with the backend, against a plain map.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};
use store_core::{
    Effect, EngineConfig,
    layers::{CallKind, Fault},
    prelude::*,
};
use tokio::time::sleep;

use crate::common::{BLOBS, Faulty, get_going};

static DATA: KeyValue<String, u64> = KeyValue::new("data");

fn small_pages(entries: usize) -> EngineConfig {
    let mut config = EngineConfig::default();
    config.page_entries = entries;
    config
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u64),
    Delete(u8),
    Commit,
    /// A commit whose apply fails, so that its writes stay in the buffers.
    HalfCommit,
    Rollback,
    Reopen,
    Scan {
        from: Option<u8>,
        to: Option<u8>,
        backward: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let bound = || proptest::option::of(any::<u8>());
    prop_oneof![
        8 => (any::<u8>(), any::<u64>()).prop_map(|(key, value)| Step::Put(key, value)),
        4 => any::<u8>().prop_map(Step::Delete),
        1 => Just(Step::Commit),
        1 => Just(Step::HalfCommit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Reopen),
        4 => (bound(), bound(), any::<bool>())
            .prop_map(|(from, to, backward)| Step::Scan { from, to, backward }),
    ]
}

fn key(n: u8) -> String {
    format!("{:02x}", n % 64)
}

async fn run(steps: Vec<Step>, page: usize) -> (Vec<Vec<(String, u64)>>, Vec<Vec<(String, u64)>>) {
    let backend = Faulty::default();
    let database = backend.with(small_pages(page));
    let open = || database.task("app", 0).store(&DATA).open();
    let mut task = open().await.unwrap();
    let mut data = task.store(&DATA).unwrap();
    let (mut model, mut committed) = (BTreeMap::new(), BTreeMap::new());
    let (mut seen, mut expected) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Put(n, value) => {
                data.put(&key(n), &value).await.unwrap();
                model.insert(key(n), value);
            }
            Step::Delete(n) => {
                assert_eq!(data.delete(&key(n)).await.unwrap(), model.remove(&key(n)));
            }
            Step::Commit => {
                task.commit(()).await.unwrap();
                committed = model.clone();
            }
            Step::HalfCommit => {
                backend.line.applies([Fault::LostReply]);
                let error = task.commit(()).await.unwrap_err();
                if error.effect() == Effect::Applied {
                    committed = model.clone();
                }
            }
            Step::Rollback => {
                task.rollback().await.unwrap();
                model = committed.clone();
            }
            Step::Reopen => {
                task = open().await.unwrap();
                data = task.store(&DATA).unwrap();
                model = committed.clone();
            }
            Step::Scan { from, to, backward } => {
                let (from, to) = (from.map(key), to.map(key));
                let order = if backward { Order::Backward } else { Order::Forward };
                let range = data.range(from.clone(), to.clone(), order);
                seen.push(range.try_collect().await.unwrap());
                let within = |key: &String| {
                    from.as_ref().is_none_or(|from| from <= key)
                        && to.as_ref().is_none_or(|to| key <= to)
                };
                let rows = model.iter().filter(|(key, _)| within(key));
                let mut rows: Vec<_> = rows.map(|(key, value)| (key.clone(), *value)).collect();
                if backward {
                    rows.reverse();
                }
                expected.push(rows);
            }
        }
    }
    (seen, expected)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..Default::default() })]

    #[test]
    fn scans_equal_a_plain_map(
        steps in proptest::collection::vec(step(), 1..120),
        page in 1_usize..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (seen, expected) = runtime.block_on(run(steps, page));
        prop_assert_eq!(seen, expected);
    }
}

/// The hole: a page is on its way when a commit empties the buffers that it was to be merged with.
#[tokio::test]
async fn a_scan_has_no_hole_when_a_commit_ends_meanwhile() {
    let backend = Faulty::default();
    let task = backend.database().task("app", 0).store(&DATA).open().await.unwrap();
    let data = task.store(&DATA).unwrap();
    for n in 0..10 {
        data.put(&key(n), &u64::from(n)).await.unwrap();
    }
    backend.line.hold(&[CallKind::Scan]);
    let scan = tokio::spawn(data.range(None, None, Order::Forward).try_collect::<Vec<_>>());
    sleep(Duration::from_millis(5)).await;
    task.commit(()).await.unwrap();
    assert_eq!(task.buffered_bytes(), 0);
    data.delete(&key(3)).await.unwrap();
    task.commit(()).await.unwrap();
    backend.line.release();
    let rows = scan.await.unwrap().unwrap();
    assert_eq!(rows.len(), 10, "the scan is a view of its beginning");
}

#[tokio::test]
async fn a_scan_asks_for_pages_not_keys() {
    let backend = Faulty::default();
    let task = backend.database().task("app", 0).store(&DATA).open().await.unwrap();
    let data = task.store(&DATA).unwrap();
    let entries = (0..10_000).map(|n| (format!("{n:05}"), Some(n)));
    data.put_all(entries.collect()).await.unwrap();
    task.commit(()).await.unwrap();
    let rows: Vec<_> = data.all().try_collect().await.unwrap();
    assert_eq!(rows.len(), 10_000);
    let scans = backend.line.calls(CallKind::Scan);
    assert!((10..=11).contains(&scans), "{scans}");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_scan_is_an_error() {
    let backend = Faulty::default();
    let database = backend.with(small_pages(2));
    let task = database.task("app", 0).store(&DATA).open().await.unwrap();
    let data: Arc<_> = task.store(&DATA).unwrap();
    for n in 0..9 {
        data.put(&key(n), &1).await.unwrap();
    }
    let mut scan = data.all();
    assert!(scan.try_next().await.unwrap().is_some());
    task.close().await.unwrap();
    let mut rest = 0;
    let error = loop {
        match scan.try_next().await {
            Ok(Some(_)) => rest += 1,
            Ok(None) => panic!("ended early after {rest} more rows"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Closed);
}

/// A value that is counted as long as anybody holds it.
struct Counted(#[expect(dead_code, reason = "it is counted")] Arc<()>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &[1; 100]
    }
}

#[tokio::test]
async fn a_scan_that_waits_holds_a_page_of_the_buffers_and_not_all() {
    let cases = [(10, 4 << 20), (1000, 1000)];
    for ((entries, bytes), frozen) in cases.into_iter().flat_map(|c| [(c, false), (c, true)]) {
        let backend = Faulty::default();
        let mut config = small_pages(entries);
        config.page_bytes = bytes;
        let task = backend.with(config).task("app", 0).store(&BLOBS).open().await.unwrap();
        let blobs = task.store(&BLOBS).unwrap();
        blobs.put(&1000, &Bytes::new()).await.unwrap();
        task.commit(()).await.unwrap();
        let counter = Arc::new(());
        for n in 0..100 {
            blobs.put(&n, &Bytes::from_owner(Counted(counter.clone()))).await.unwrap();
        }
        if frozen {
            backend.line.commits([Fault::Refused]);
            task.commit(()).await.unwrap_err();
        }
        backend.line.hold(&[CallKind::Scan]);
        let mut scan = blobs.all();
        get_going(&mut scan.next()).await;
        task.commit(()).await.unwrap();
        for n in 0..100 {
            blobs.put(&n, &Bytes::new()).await.unwrap();
        }
        task.commit(()).await.unwrap();
        let held = Arc::strong_count(&counter) - 1;
        assert!(held <= 10, "{held} values, {entries} entries, {bytes} bytes, frozen: {frozen}");
        backend.line.release();
        let found: Vec<_> = scan.map_ok(|(key, _)| key).try_collect().await.unwrap();
        assert_eq!(found, Vec::from_iter((0..100).chain([1000])));
    }
}
