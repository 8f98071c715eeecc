//! The binary `store`: see `store --help`.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use store_cli::{Args, run};

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_broken_pipe() {
                // Where standard error is gone too, the exit code still tells.
                let _ = writeln!(io::stderr(), "error: {failure}");
            }
            failure.exit_code()
        }
    }
}
