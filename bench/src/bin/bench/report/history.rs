//! One line of JSON for each run.

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Goal, median};
use crate::{args::Args, contender::Role, machine::Machine, row::Row, run::Rates, target::Target};

#[derive(Serialize)]
struct Line<'a> {
    /// Seconds since 1970.
    time: u64,
    machine: &'a Machine,
    settings: &'a Args,
    results: Vec<Measured<'a>>,
    goals: &'a [Goal],
}

#[derive(Serialize)]
struct Measured<'a> {
    target: Target,
    row: Row,
    contender: Role,
    unit: &'static str,
    median: f64,
    spread: f64,
    rounds: &'a [f64],
}

/// Appends all numbers of a run to a file.
pub(crate) fn append(
    file: &Path,
    machine: &Machine,
    settings: &Args,
    rates: &Rates,
    goals: &[Goal],
) -> Result<()> {
    let measured = |(&(target, row, contender), rounds): (&_, &'_ Vec<f64>)| {
        let (median, spread) = median(rounds);
        (target, row, contender, median, spread)
    };
    let results = rates.iter().map(|entry| {
        let (target, row, contender, median, spread) = measured(entry);
        Measured { target, row, contender, unit: row.unit(), median, spread, rounds: entry.1 }
    });
    let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let line = Line { time, machine, settings, results: results.collect(), goals };
    let mut text = serde_json::to_string(&line)?;
    text.push('\n');
    let context = || format!("append to {}", file.display());
    let mut file = OpenOptions::new().create(true).append(true).open(file).with_context(context)?;
    file.write_all(text.as_bytes()).with_context(context)
}
