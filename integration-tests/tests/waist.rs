//! What every backend owes at the waist.

#[path = "waist/mod.rs"]
mod cases;

use std::process::ExitCode;

fn main() -> ExitCode {
    integration_tests::run_on_all(cases::CASES)
}
