//! What only Elasticsearch and OpenSearch can do to a task. One node of each for all cases, one after the other, one more
//! with accounts, and one over TLS.

#[path = "elastic/mod.rs"]
mod cases;

use std::{
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use anyhow::Result;
use integration_tests::{
    all_succeed, block_on,
    servers::{Server, ServerKind, Settings},
};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let secure = Trial::test("elasticsearch::accounts", || block_on(cases::accounts()));
    let encrypted = Trial::test("elasticsearch::encrypted", || block_on(cases::encrypted()));
    let others = [ServerKind::Elasticsearch, ServerKind::OpenSearch].map(on);
    all_succeed(others.into_iter().chain([run(vec![secure, encrypted])]))
}

/// All cases on one server, which is started when a case asks for it first.
fn on(kind: ServerKind) -> ExitCode {
    let server = Arc::new(OnceLock::<Result<Arc<Server>, String>>::new());
    let trials = cases::CASES.iter().map(|&(name, case)| {
        let server = server.clone();
        let start = move || {
            let own = || Server::own(kind, Settings::default()).map(Arc::new);
            let started = server.get_or_init(|| own().map_err(|error| format!("{error:#}")));
            block_on(case(started.clone()?))
        };
        Trial::test(format!("{kind}::{name}"), start)
    });
    run(trials.collect())
}

fn run(trials: Vec<Trial>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Some of them hold the server still, or forbid to write.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials).exit_code()
}
