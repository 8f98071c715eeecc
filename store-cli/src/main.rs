//! The operator's tool: looks into tasks, changes them by hand, removes them.

mod args;
mod commands;
mod output;
mod prompt;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use anyhow::{Error, Result};
use clap::Parser;

use self::{
    args::{Args, Command},
    output::Output,
};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_unset| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: what failed, then its causes.
            eprintln!("store: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    let output = Output::new(args.json || !io::stdout().is_terminal());
    match args.command {
        Command::Tasks(options) => commands::tasks(&options, &output).await,
        Command::Describe(task) => commands::describe(&task, &output).await,
        Command::Get(options) => commands::get(&options, &output).await,
        Command::Scan(options) => commands::scan(&options, &output).await,
        Command::Destroy(options) => commands::destroy(&options).await,
        Command::Shell(task) => commands::shell(&task).await,
    }
}

/// A reader such as `head` may leave early; that is no error.
fn is_broken_pipe(error: &Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
