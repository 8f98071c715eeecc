//! The suite is tested above the waist: each fault of the engine must fail a case.
//!
//! A fault is a fail point of the whole process, so they are turned on one after the other.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "../common/recorded.rs"]
mod recorded;

use std::{process::ExitCode, sync::Arc, time::Duration};

use libtest_mimic::Arguments;
use store_conformance::{Place, Subject, anyhow, async_trait};
use store_core::{backend::Backend, memory::MemoryBackend};

use self::recorded::{Broken, run};

/// Faults, each by its fail point, and what is broken.
const FAULTS: &[(&str, &str)] = &[
    ("engine::deletes-shown", "a scan shows what was deleted and is not committed"),
    ("engine::expired-shown", "a scan shows expired rows"),
    ("engine::fence-forgotten", "a task goes on after it was fenced"),
    ("engine::late-kept", "late records are stored"),
    ("engine::late-view", "a scan looks at the buffers after the store"),
    ("engine::no-floor", "dropped segments are read until they are committed"),
    ("engine::no-key-limit", "keys have no limit"),
    ("engine::no-locks", "operations on one key do not wait for each other"),
    ("engine::offsets-lost", "a commit keeps no offsets"),
    ("engine::one-insertion", "duplicates have one number"),
    ("engine::own-writes-unseen", "a task does not read its own writes"),
    ("engine::rollback-keeps-times", "a rollback keeps stream times"),
    ("engine::rollback-keeps-writes", "a rollback keeps what was written"),
    ("engine::units-cut", "a commit does not wait for open units"),
];

/// Faults of which no case speaks yet.
const NOT_CAUGHT_YET: &[&str] = &["engine::no-floor"];

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken_engine/caught.json");

struct Memory(MemoryBackend);

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> anyhow::Result<Arc<dyn Backend>> {
        Ok(Arc::new(self.0.clone()))
    }
}

fn main() -> ExitCode {
    let broken = |&(name, about): &(&'static str, &'static str)| {
        let subject = Subject::new(name, || async { Ok(Memory(MemoryBackend::new())) });
        Broken { name, about, subject, patience: Duration::from_secs(20) }
    };
    let all = FAULTS.iter().map(broken).collect();
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let during = |broken: &Broken, on: bool| {
        fail::cfg(broken.name, if on { "return" } else { "off" }).unwrap();
    };
    run(FILE, NOT_CAUGHT_YET, all, during, &arguments)
}
