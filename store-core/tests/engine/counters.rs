//! What the engine counts.

use std::collections::BTreeMap;

use futures::future::join_all;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use store_core::{EngineConfig, Result};

use crate::common::{COUNTS, Faulty};

async fn work() -> Result<()> {
    let backend = Faulty::default();
    let task = backend.database().task("app", 0).store(&COUNTS).open().await?;
    let counts = task.store(&COUNTS)?;
    let key = |n: u64| format!("{n:03}");
    for n in 0..100 {
        counts.put(&key(n), &n).await?;
    }
    counts.get(&key(1)).await?;
    task.commit(()).await?;
    counts.get(&key(1)).await?;
    counts.get(&key(100)).await?;

    let mut config = EngineConfig::default();
    config.cache_bytes = 2000;
    let task = backend.with(config).task("app", 0).store(&COUNTS).open().await?;
    let counts = task.store(&COUNTS)?;
    let keys: Vec<_> = (0..50).map(key).collect();
    let (one, other) = (keys.clone(), key(0));
    join_all(one.iter().chain([&other]).map(|key| counts.get(key))).await;
    task.commit(()).await
}

#[test]
fn the_counters_of_the_table() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || tokio_test::block_on(work())).unwrap();
    let mut found = BTreeMap::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels: Vec<_> =
            key.key().labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        let name = format!("{} {}", key.key().name(), labels.join(","));
        let value = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Histogram(values) => values.len() as u64,
            DebugValue::Gauge(_) => unreachable!("there is no gauge"),
        };
        *found.entry(name).or_insert(0) += value;
    }
    let counted = |name: &str| found.get(name).copied().unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!(counted("store_reads_total application=app,result=buffered"), 1);
    assert_eq!(counted("store_reads_total application=app,result=hit"), 1);
    assert_eq!(counted("store_reads_total application=app,result=absent"), 1);
    assert_eq!(counted("store_reads_total application=app,result=miss"), 50);
    assert_eq!(counted("store_reads_total application=app,result=joined"), 1);
    assert_eq!(counted("store_read_batch_keys backend=memory"), 1);
    // Three bytes of each key, and the one or two digits of its value.
    assert_eq!(counted("store_read_bytes_total application=app"), 50 * 3 + 10 + 40 * 2);
    assert!(counted("store_cache_evictions_total application=app") >= 35);
    assert!(counted("store_committed_bytes_total application=app") > 100 * 4);
    for part in ["freeze", "decide", "apply"] {
        assert_eq!(counted(&format!("store_commit_seconds backend=memory,part={part}")), 2);
    }
    assert_eq!(found.len(), 12);
}
