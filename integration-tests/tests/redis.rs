//! What only a Redis server can do to a task; each case has a server of its own.
//!
//! The long ones: `cargo test --release -p integration-tests --test redis -- --ignored`.

#[path = "redis/mod.rs"]
mod cases;

use std::process::ExitCode;

use integration_tests::{RedisServer, block_on, run};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let trial = |&(name, case): &(&str, cases::Case)| {
        Trial::test(format!("redis::{name}"), move || block_on(case(RedisServer::own()?)))
    };
    let long = cases::LONG.iter().map(trial).map(|trial| trial.with_ignored_flag(true));
    run(cases::CASES.iter().map(trial).chain(long).collect(), ())
}
