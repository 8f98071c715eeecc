//! Keeps windows, sessions and versions of flights; kill it at any moment and start it again.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{CommandFactory, Parser, ValueEnum, error::ErrorKind as Usage};
use examples::{
    flights::{Flights, Report},
    terminal,
};
use jiff::Timestamp;

/// Processes what is new in a table of flights, and prints a report on all of them: one row a line, tabs between fields.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where the state is kept.
    #[arg(long, default_value = "embedded:flights-state")]
    state: String,
    /// Rows between two commits.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    commit_every: u64,
    /// What to print.
    #[arg(long)]
    report: Option<Kind>,
    /// As of: the carrier, such as UA.
    #[arg(long)]
    carrier: Option<String>,
    /// As of: the time, such as 2013-01-01T10:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// The table of flights: CSV with the header of nycflights13.
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// By origin and hour: departed, cancelled, sum of the delays.
    Hourly,
    /// By tail number and spell without a break above six hours: flights, sum of the distances.
    Duty,
    /// The last known delay of a carrier at a time, and from when to when it was that.
    AsOf,
}

impl Args {
    fn report(&self) -> Result<Option<Report>, clap::Error> {
        let usage = |kind, message| Err(Self::command().error(kind, message));
        match (self.report, &self.carrier, self.at) {
            (None, None, None) => Ok(None),
            (Some(Kind::Hourly), None, None) => Ok(Some(Report::Hourly)),
            (Some(Kind::Duty), None, None) => Ok(Some(Report::Duty)),
            (Some(Kind::AsOf), Some(carrier), Some(at)) => {
                Ok(Some(Report::AsOf { carrier: carrier.clone(), at }))
            }
            (Some(Kind::AsOf), ..) => {
                usage(Usage::MissingRequiredArgument, "--report as-of needs --carrier and --at")
            }
            _ => usage(Usage::ArgumentConflict, "--carrier and --at belong to --report as-of"),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let report = args.report().unwrap_or_else(|usage| usage.exit());
    match run(&args, report.as_ref()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flights: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args, report: Option<&Report>) -> Result<()> {
    let database = store::connect(&args.state).await?;
    eprintln!("processing into {}", args.state);
    let flights = Flights::open(&database, args.commit_every).await?;
    let bar = terminal::bytes_bar()?;
    let progress = |position, length| {
        bar.set_length(length);
        bar.set_position(position);
    };
    let rows = flights.process(&args.file, progress).await?;
    bar.finish_and_clear();
    match rows {
        0 => eprintln!("{}: nothing new", args.file.display()),
        rows => eprintln!("{}: processed {rows} rows", args.file.display()),
    }
    match flights.late_updates() {
        0 => {}
        late => eprintln!("{late} updates were refused: they are years behind the newest flight"),
    }
    match report {
        Some(report) => terminal::print(&flights.report(report).await?),
        None => Ok(()),
    }
}
