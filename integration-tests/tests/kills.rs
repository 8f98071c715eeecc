//! The cases that kill what keeps the state, where it is a process that can be killed with `kill -9`.
//!
//! That is: what was handed to the operating system stays. Nothing here cuts the power.

use std::process::ExitCode;

use integration_tests::{KillableEmbedded, KillableRedis, serve_if_asked};
use store_conformance::{KILLS, Subject};

fn main() -> ExitCode {
    if let Some(served) = serve_if_asked() {
        return served;
    }
    let subjects = [
        Subject::new("embedded, killed", || async { KillableEmbedded::start() }),
        Subject::new("redis, killed", || async { KillableRedis::start() }),
    ];
    store_conformance::run_some(&subjects, |entry| KILLS.contains(&entry.id))
}
