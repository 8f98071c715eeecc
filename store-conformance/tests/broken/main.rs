//! The suite is tested: each store with one fault must fail a case.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod altered;
mod fault;
mod faults;
#[path = "../common/memory.rs"]
mod memory;
#[path = "../common/recorded.rs"]
mod recorded;
mod store;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use recorded::Held;
use store_core::backend::MapId;

/// Which value of which map.
type Key = (MapId, bytes::Bytes);

const HELD: Held = Held {
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken/caught.json"),
    not_yet: &[],
    elsewhere: false,
};

fn main() -> ExitCode {
    let memory = memory::memory("memory");
    let broken = faults::all(true).into_iter().map(|broken| broken.within(&memory)).collect();
    recorded::run(&HELD, broken, |_, _| (), &Arguments::from_args())
}
