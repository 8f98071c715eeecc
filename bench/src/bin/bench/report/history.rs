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
use crate::{
    args::Args,
    commits::Parts,
    contender::Role,
    machine::Machine,
    row::Row,
    run::{Measured, Place},
    target::Target,
};

#[derive(Serialize)]
struct Line<'a> {
    /// Seconds since 1970.
    time: u64,
    machine: &'a Machine,
    settings: &'a Args,
    results: Vec<Cell<'a>>,
    goals: &'a [Goal],
}

#[derive(Serialize)]
struct Cell<'a> {
    target: Target,
    row: Row,
    contender: Role,
    unit: &'static str,
    median: f64,
    spread: f64,
    rounds: &'a [f64],
    /// Of our own stores that committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    commits: Option<&'a Parts>,
}

/// Appends all numbers of a run to a file.
pub(crate) fn append(
    file: &Path,
    machine: &Machine,
    settings: &Args,
    measured: &Measured,
    goals: &[Goal],
) -> Result<()> {
    let cells = measured.rates.iter().map(|(place, rounds)| cell(measured, place, rounds));
    let results = cells.collect();
    let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let line = Line { time, machine, settings, results, goals };
    let mut text = serde_json::to_string(&line)?;
    text.push('\n');
    let context = || format!("append to {}", file.display());
    let mut file = OpenOptions::new().create(true).append(true).open(file).with_context(context)?;
    file.write_all(text.as_bytes()).with_context(context)
}

fn cell<'a>(measured: &'a Measured, place: &Place, rounds: &'a [f64]) -> Cell<'a> {
    let (&(target, row, contender), (median, spread)) = (place, median(rounds));
    let commits = measured.commits.get(place);
    Cell { target, row, contender, unit: row.unit(), median, spread, rounds, commits }
}
