//! What only a Redis server can do to a task; each case has a server of its own.

#[path = "redis/mod.rs"]
mod cases;

use std::process::ExitCode;

use integration_tests::{RedisServer, block_on, run};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let trial = |&(name, case): &(&str, cases::Case)| {
        Trial::test(format!("redis::{name}"), move || block_on(case(RedisServer::own()?)))
    };
    run(cases::CASES.iter().map(trial).collect(), ())
}
