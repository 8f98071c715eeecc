//! Asks for the most delayed carriers while `flights` runs, or after it.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use examples::{flights::most_delayed, terminal};

/// Prints the most delayed carriers, found by a search in the state of `flights`: one a line, tabs between carrier,
/// departures and mean delay in minutes. Needs a database that can search: Elasticsearch or OpenSearch.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where the state is kept.
    #[arg(long)]
    state: String,
    /// Departures a carrier must have to count.
    #[arg(long, default_value_t = 100)]
    departed: u32,
    /// How many carriers.
    #[arg(long, default_value_t = 5)]
    top: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("delayed_carriers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<()> {
    let database = store::connect(&args.state).await?;
    let (commit, carriers) = most_delayed(&database, args.departed, args.top).await?;
    eprintln!("all flights up to commit {commit}");
    terminal::print(&carriers)
}
