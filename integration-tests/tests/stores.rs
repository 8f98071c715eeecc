//! What every backend owes through the public API: limits, awkward keys and values, refusals.

#[path = "stores/mod.rs"]
mod cases;

use std::process::ExitCode;

fn main() -> ExitCode {
    integration_tests::run_on_all(cases::CASES)
}
