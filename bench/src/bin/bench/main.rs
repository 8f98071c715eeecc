//! Measures the typed stores against what is underneath and against the naive way: one run, one table.
//!
//! `cargo run --release -p bench --bin bench`; see the README beside `Cargo.toml` for what each row does.

mod args;
mod choice;
mod commits;
mod contender;
mod data;
mod expected;
mod latency;
mod machine;
mod places;
mod progress;
mod proxy;
mod report;
mod row;
mod run;
mod target;
mod two_phase;
mod work;

use anyhow::{Context, Result};
use clap::Parser;

use crate::{args::Args, machine::Machine, places::Places, run::measure};

// One thread: handlers are concurrent, not parallel, as those of one task are; what a backend does on threads of its
// own runs beside them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse().checked()?;
    let folder = match &args.dir {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.context("make a folder for databases")?;
    let namespace = format!("bench-{}", store::backend::OwnerId::random());
    let places = Places { args: &args, folder: folder.path(), namespace: &namespace };
    let measured = measure(&args, &places).await;
    let removed = places.remove().await;
    let measured = measured?;
    removed?;
    let (machine, goals) = (Machine::this(), report::goals(&measured.rates));
    println!("{machine}");
    println!("{}\n", serde_json::to_string(&args)?);
    println!("{}\n", report::rates_table(&args, &measured.rates));
    println!("{}\n", report::commits_table(&measured.commits));
    println!("{}", report::goals_table(&goals));
    match &args.json {
        Some(file) => report::append(file, &machine, &args, &measured, &goals),
        None => Ok(()),
    }
}
