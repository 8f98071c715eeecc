//! Stream time: what a jump of it costs, and how late records are counted.

use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use store_core::{backend::MapId, prelude::*};

use crate::common::Faulty;

const MINUTE: Duration = Duration::from_secs(60);
const MINUTE_MS: i64 = 60_000;
const YEAR_MS: i64 = 365 * 24 * 60 * MINUTE_MS;

static COUNTS: Window<u64, u64> =
    Window::new("counts", MINUTE, MINUTE.saturating_mul(10)).segments(MINUTE);

/// What the commit after a jump of ten years does to its maps, with so many entries in each old segment.
async fn changes_of_a_jump(entries: u64) -> Vec<(MapId, Option<usize>)> {
    let backend = Faulty::default();
    let task = backend.database().task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    for minute in 0..10 {
        for key in 0..entries {
            counts.put(&key, minute * MINUTE_MS, Some(&1)).await.unwrap();
        }
    }
    task.commit(()).await.unwrap();
    counts.put(&0, 10 * YEAR_MS, Some(&1)).await.unwrap();
    task.commit(()).await.unwrap();
    let changes = backend.watched.last_changes();
    changes.into_iter().collect()
}

#[tokio::test]
async fn a_jump_of_time_drops_what_was_live_and_nothing_else() {
    let dropped = (0..10).map(|segment| (MapId::segment(1, segment), None));
    let written = (MapId::segment(1, 10 * YEAR_MS / MINUTE_MS), Some(1));
    let expected: Vec<_> = dropped.chain([written]).collect();
    for entries in [1, 10, 1000] {
        assert_eq!(changes_of_a_jump(entries).await, expected, "{entries} entries");
    }
}

#[test]
fn late_records_are_counted_in_a_metric() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    let work = async {
        let backend = Faulty::default();
        let task = backend.database().task("shop", 7).store(&COUNTS).open().await.unwrap();
        let counts = task.store(&COUNTS).unwrap();
        counts.put(&1, 11 * MINUTE_MS, Some(&1)).await.unwrap();
        for _ in 0..3 {
            assert_eq!(counts.put(&1, 0, Some(&1)).await.unwrap(), Written::Late);
        }
        task.rollback().await.unwrap();
        assert_eq!(counts.late_records(), 3, "a rollback does not hide them");
        assert_eq!(counts.put(&1, 0, Some(&1)).await.unwrap(), Written::Stored);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(work));
    let mut found = snapshots.snapshot().into_vec();
    found.retain(|(key, ..)| key.key().name() == "store_late_records_total");
    let [(key, _, _, DebugValue::Counter(3))] = &found[..] else { panic!("{found:?}") };
    let labels: Vec<_> = key.key().labels().map(|label| (label.key(), label.value())).collect();
    assert_eq!(labels, [("application", "shop"), ("partition", "7"), ("store", "counts")]);
}
