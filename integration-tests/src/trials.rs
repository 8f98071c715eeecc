//! Named tests made at run time.

use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};

/// Runs a case to its end on a runtime of its own.
pub fn block_on(case: impl Future<Output = Result<()>>) -> Result<(), Failed> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime?.block_on(case).map_err(|error| format!("{error:#}").into())
}

/// Runs the trials, as the arguments say; `kept` lives until all have ended.
pub fn run<T>(trials: Vec<Trial>, kept: T) -> ExitCode {
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    drop(kept);
    conclusion.exit_code()
}
