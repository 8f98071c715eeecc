//! The threads of a database. Linux only: it asks the kernel, about the whole process, so this test is alone in it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{
    fs,
    time::{Duration, Instant},
};

use store_embedded::{EmbeddedBackend, EmbeddedConfig};
use tempfile::tempdir;
use tokio::time::sleep;

fn workers() -> usize {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let name = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("comm"));
    let names = threads.filter_map(|thread| name(thread.unwrap()).ok());
    names.filter(|name| name.starts_with("fjall:worker")).count()
}

/// Threads take their name after they were started, and leave the list after they have ended.
async fn wait_for(number: usize) {
    let begun = Instant::now();
    while workers() != number {
        assert!(begun.elapsed() < Duration::from_secs(10), "{} workers, not {number}", workers());
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(50)).await;
    assert_eq!(workers(), number, "and no more come");
}

/// With two, one of them would turn in a loop whenever the other merges.
#[tokio::test]
async fn a_database_has_as_many_workers_as_its_settings_say() {
    let folder = tempdir().unwrap();
    for (number, named) in [(4, "default"), (1, "one"), (7, "seven")] {
        let mut config = EmbeddedConfig::default();
        if named != "default" {
            config.worker_threads = number;
        }
        wait_for(0).await;
        let backend = EmbeddedBackend::open(folder.path().join(named), config).await.unwrap();
        wait_for(number).await;
        drop(backend);
    }
}
