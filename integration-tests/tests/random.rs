//! Random operations on every kind of store against a plain model, on every backend.
//!
//! `CASES=1000` runs more, `SEED=7` runs the ones of another seed. A failure shows the shortest operations that fail.

#[path = "random/mod.rs"]
mod random;

use std::process::ExitCode;

fn main() -> ExitCode {
    random::run()
}
