//! The servers that the other tests count on: each starts, answers, is killed, and has what it acknowledged afterwards.

#[path = "servers/mod.rs"]
mod cases;

use std::{
    process::ExitCode,
    sync::{Mutex, PoisonError},
};

use integration_tests::{
    block_on, run,
    servers::{Server, ServerKind, Settings},
};
use libtest_mimic::Trial;

/// Held by the server on Java that runs: a small machine has memory and cores for one.
static JAVA: Mutex<()> = Mutex::new(());

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for kind in ServerKind::ALL {
        let name = format!("{kind}::what_it_acknowledged_survives_a_kill");
        trials.push(Trial::test(name, move || {
            let _alone =
                kind.is_java().then(|| JAVA.lock().unwrap_or_else(PoisonError::into_inner));
            block_on(cases::survives(Server::own(kind, Settings::default())?))
        }));
    }
    for &(name, case) in cases::CASES {
        trials.push(Trial::test(name, move || block_on(case())));
    }
    run(trials, ())
}
