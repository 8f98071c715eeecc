//! The operator's tool, binary `store`.
//!
//! [`shell`] is the protocol and can be driven in process; [`run`] is the whole command line.

mod args;
mod commands;
mod connect;
mod failure;
mod names;
mod output;
mod prompt;
pub mod shell;
mod text;

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;

pub use self::{args::Args, failure::Failure};
use self::{args::Command, output::Output};

/// Does what the command line says.
pub fn run(args: Args) -> Result<(), Failure> {
    // Cases do what a program is warned of.
    let quiet = matches!(args.command, Command::Conformance(_));
    log(args.verbose, if quiet { LevelFilter::OFF } else { LevelFilter::WARN });
    let runtime = tokio::runtime::Runtime::new()?;
    let output = Output::new(args.json);
    match args.command {
        Command::Tasks(args) => runtime.block_on(commands::tasks::run(args, output)),
        Command::Describe(args) => runtime.block_on(commands::describe::run(args, output)),
        Command::Get(args) => runtime.block_on(commands::get::run(args, output)),
        Command::Scan(args) => runtime.block_on(commands::scan::run(args, output)),
        Command::Destroy(args) => runtime.block_on(commands::destroy::run(args)),
        Command::Copy(args) => runtime.block_on(commands::moving::copy(args, output)),
        Command::Export(args) => runtime.block_on(commands::moving::export(args, output)),
        Command::Import(args) => runtime.block_on(commands::moving::import(args, output)),
        Command::Verify(args) => runtime.block_on(commands::moving::verify(args, output)),
        Command::Shell(args) => commands::shell::run(args, runtime.handle()),
        Command::Conformance(args) => commands::conformance::run(&args, output, &runtime),
    }
}

/// Sends what is at least `least`, and more where asked for, to standard error: standard output is for answers.
fn log(verbose: u8, least: LevelFilter) {
    let level = match verbose {
        0 => least,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let logs = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // Where a subscriber is set already, as in a program that uses this library, that one holds.
    let _ = logs.without_time().with_target(false).try_init();
}
