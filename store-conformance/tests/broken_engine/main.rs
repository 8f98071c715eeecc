//! The suite is tested above the waist: each fault of the engine must fail a case.
//!
//! A fault is a fail point of the whole process, so they are turned on one after the other.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "../common/memory.rs"]
mod memory;
#[path = "../common/recorded.rs"]
mod recorded;

use std::{process::ExitCode, sync::Arc, time::Duration};

use libtest_mimic::Arguments;
use store_core::layers::{Faults, Layered};

use self::recorded::{Broken, Held, run};

/// Faults, each by its fail point, and what is broken.
const FAULTS: &[(&str, &str)] = &[
    ("engine::absence-kept", "the cache goes on saying that a key is absent after it was put"),
    ("engine::cache-early", "the cache has what is frozen before it is committed"),
    ("engine::clean-written", "what was read from the cache is written by the next commit"),
    ("engine::deletes-shown", "a scan shows what was deleted and is not committed"),
    ("engine::expired-shown", "a scan shows expired rows"),
    ("engine::fence-forgotten", "a task goes on after it was fenced"),
    ("engine::late-kept", "late records are stored"),
    ("engine::late-view", "a scan looks at the buffers after the store"),
    ("engine::no-floor", "dropped segments can be written again"),
    ("engine::no-key-limit", "keys have no limit"),
    ("engine::no-locks", "operations on one key do not wait for each other"),
    ("engine::offsets-lost", "a commit keeps no offsets"),
    ("engine::one-insertion", "duplicates have one number"),
    ("engine::own-writes-unseen", "a task does not read its own writes"),
    ("engine::readers-evict", "who opens a task to read it empties the cache"),
    (
        "engine::resent-with-more",
        "a commit of unknown outcome is sent again with what was written since",
    ),
    ("engine::rollback-keeps-times", "a rollback keeps stream times"),
    ("engine::rollback-keeps-writes", "a rollback keeps what was written"),
    ("engine::stale-fill", "a read fills the cache with what was before a write"),
    ("engine::units-cut", "a commit does not wait for open units"),
    ("engine::whole-kept", "a map counts as known whole after a part of it was evicted"),
];

/// Faults of the cache, which the backend in memory has only when it seems to be distant, each with the size of the cache
/// that shows it.
const CACHE_FAULTS: &[(&str, usize)] = &[
    ("engine::absence-kept", 64 << 20),
    ("engine::cache-early", 64 << 20),
    ("engine::clean-written", 64 << 20),
    ("engine::readers-evict", 64 << 20),
    ("engine::stale-fill", 64 << 20),
    ("engine::whole-kept", 1000),
];

const HELD: Held = Held {
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken_engine/caught.json"),
    not_yet: &[],
    elsewhere: false,
};

fn main() -> ExitCode {
    let broken = |&(name, about): &(&'static str, &'static str)| {
        let subject = memory::memory(name);
        let of_cache = CACHE_FAULTS.iter().find(|(fault, _)| *fault == name);
        let subject = match of_cache {
            // A line without faults hides that what is behind it is in this process.
            Some(&(_, bytes)) => subject
                .wrapped(name, |backend| Arc::new(Layered::new(backend, Faults::none())))
                .with_cache_bytes(bytes),
            None => subject,
        };
        Broken { name, about, subject, patience: Duration::from_secs(20) }
    };
    let all = FAULTS.iter().map(broken).collect();
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let during = |broken: &Broken, on: bool| {
        fail::cfg(broken.name, if on { "return" } else { "off" }).unwrap();
    };
    run(&HELD, all, during, &arguments)
}
