//! A store kind of one's own on every backend: what the graph promises, kept by the public mechanism alone.
//!
//! `SEED=3 CASES=1000` runs other and more random operations, `RUNS=500` more crashes.

#[path = "graph/mod.rs"]
mod cases;

use std::process::ExitCode;

fn main() -> ExitCode {
    integration_tests::run_on_all(cases::CASES)
}
