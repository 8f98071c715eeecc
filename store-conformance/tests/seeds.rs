//! The suite gives the same for other seeds and in another order.
//!
//! The in-memory backend in a process of its own, with `SEEDS`, as anybody would run their own backend twice; then one whose
//! outcomes follow the seed, which must be noticed.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "common/memory.rs"]
mod memory;

use std::{
    env,
    process::{Command, ExitCode},
    sync::Arc,
};

use libtest_mimic::{Arguments, Trial};
use store_core::layers::{Faults, Layered, Odds};

/// Set in the processes that run the suite: which subject.
const SUBJECT: &str = "SEEDS_TEST_SUBJECT";

fn main() -> ExitCode {
    let memory = memory::memory("memory");
    match env::var(SUBJECT).as_deref() {
        Ok("steady") => return store_conformance::run(&[memory]),
        Ok("unsteady") => {
            let next = std::sync::atomic::AtomicU64::new(0);
            let unsteady = memory.wrapped("unsteady", move |inner| {
                let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Arc::new(Layered::new(inner, Faults::seeded(seed, Odds::each(0.03))))
            });
            return store_conformance::run(&[unsteady]);
        }
        _ => {}
    }
    let trials = vec![
        Trial::test("the same for other seeds and in another order", || {
            let (ok, told) = again("steady", &[]);
            if ok { Ok(()) } else { Err(told.into()) }
        }),
        Trial::test("what follows the seed is noticed", || {
            let (ok, told) = again("unsteady", &["AD-"]);
            let noticed = told.contains("not the same for every seed");
            if !ok && noticed { Ok(()) } else { Err(told.into()) }
        }),
        Trial::test("what is excused is never said to be ok", || {
            // By the catalogue, and by what the backend can do.
            for arguments in [
                ["--include-ignored", "::H0"],
                ["--ignored", "::H0"],
                ["--include-ignored", "::AD-30"],
            ] {
                let (ok, told) = again("steady", &arguments);
                let excused =
                    |line: &&str| line.contains("(not applicable: ") || line.contains("::AD-30");
                let excused: Vec<_> = told.lines().filter(excused).collect();
                let never_ok = excused.iter().all(|line| line.contains("... ignored"));
                if !ok || excused.is_empty() || !never_ok {
                    return Err(told.into());
                }
            }
            Ok(())
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs the suite for two seeds in a process of its own; whether it passed, and what it told.
fn again(subject: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env::current_exe().unwrap())
        .arg("--test-threads=2")
        .args(arguments)
        .env(SUBJECT, subject)
        .env("SEEDS", "11,12")
        .env_remove("CONFORMANCE_REPORT")
        .output()
        .unwrap();
    let told =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    (output.status.success(), told.concat())
}
