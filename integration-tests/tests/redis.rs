//! What only a Redis server can do to a task; each case has a server of its own: `redis-server` of the path, for some also Redis 8
//! and Valkey in containers.
//!
//! The long ones: `cargo test --release -p integration-tests --test redis -- --ignored`.

#[path = "redis/mod.rs"]
mod cases;

use std::process::ExitCode;

use integration_tests::{
    RedisServer, block_on, run,
    servers::{Server, ServerKind, Settings},
};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let trial = |&(name, case): &(&str, cases::Case)| {
        Trial::test(format!("redis::{name}"), move || block_on(case(RedisServer::own()?)))
    };
    let long = cases::LONG.iter().map(trial).map(|trial| trial.with_ignored_flag(true));
    let others = [ServerKind::Redis8, ServerKind::Valkey].into_iter().flat_map(on);
    run(cases::CASES.iter().map(trial).chain(long).chain(others).collect(), ())
}

/// Cases on a server of another version, in containers.
fn on(kind: ServerKind) -> impl Iterator<Item = Trial> {
    cases::VERSIONS.into_iter().map(move |name| {
        let case = cases::case(name);
        Trial::test(format!("{kind}::{name}"), move || {
            let server = Server::own(kind, Settings::default())?;
            block_on(case(RedisServer::at_url(server.url())))
        })
    })
}
