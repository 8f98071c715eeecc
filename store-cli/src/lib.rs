//! The operator's tool, binary `store`.
//!
//! [`shell`] is the protocol and can be driven in process; [`run`] is the whole command line.

mod args;
mod commands;
mod connect;
mod failure;
mod output;
mod prompt;
pub mod shell;
mod text;

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;

use self::args::Command;
pub use self::{args::Args, failure::Failure};

/// Does what the command line says.
pub fn run(args: Args) -> Result<(), Failure> {
    log(args.verbose);
    let runtime = tokio::runtime::Runtime::new()?;
    match args.command {
        Command::Tasks(args) => runtime.block_on(commands::tasks::run(args)),
        Command::Describe(args) => runtime.block_on(commands::describe::run(args)),
        Command::Get(args) => runtime.block_on(commands::get::run(args)),
        Command::Scan(args) => runtime.block_on(commands::scan::run(args)),
        Command::Destroy(args) => runtime.block_on(commands::destroy::run(args)),
        Command::Shell(args) => commands::shell::run(args, runtime.handle()),
    }
}

/// Sends warnings, and more where asked for, to standard error: standard output is for answers.
fn log(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
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
