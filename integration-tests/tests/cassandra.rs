//! What only a Cassandra server can do to a task. One node for all cases, one more with accounts and TLS.
//!
//! The long ones: `cargo test -p integration-tests --all-features --test cassandra -- --ignored`.

#[path = "cassandra/mod.rs"]
mod cases;

use std::{process::ExitCode, sync::Arc};

use integration_tests::{
    block_on,
    servers::{Server, ServerKind, Settings},
};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let server = match Server::own(ServerKind::Cassandra, Settings::default()) {
        Ok(server) => Arc::new(server),
        Err(error) => {
            eprintln!("a Cassandra server is needed: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let trial = |&(name, case): &(&str, cases::Case)| {
        let server = server.clone();
        Trial::test(format!("cassandra::{name}"), move || block_on(case(server)))
    };
    let long = cases::LONG.iter().map(trial).map(|trial| trial.with_ignored_flag(true));
    let trials = cases::CASES.iter().map(trial).chain(long);
    let mut arguments = libtest_mimic::Arguments::from_args();
    // One of them holds the server still.
    arguments.test_threads = Some(1);
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    drop(server);
    conclusion.exit_code()
}
