//! The suite is tested: each store with one fault must fail a case.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod altered;
mod fault;
mod faults;
#[path = "../common/recorded.rs"]
mod recorded;
mod store;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use store_core::backend::MapId;

/// Which value of which map.
type Key = (MapId, bytes::Bytes);

/// Faults of which no case speaks yet.
const NOT_CAUGHT_YET: &[&str] = &[];

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken/caught.json");

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    recorded::run(FILE, NOT_CAUGHT_YET, faults::all(), |_, _| (), &arguments)
}
