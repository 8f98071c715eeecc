//! A row of the file: what the stores need of it, checked column by column.

use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use csv::StringRecord;
use jiff::Timestamp;

/// A flight that was planned, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    /// When it was to depart, in milliseconds.
    pub(super) time: i64,
    pub(super) origin: String,
    pub(super) carrier: String,
    pub(super) tailnum: Option<String>,
    /// Minutes behind the plan, negative ahead of it; none where it was cancelled.
    pub(super) dep_delay: Option<i32>,
    /// In miles.
    pub(super) distance: u32,
}

/// Where the columns are in the rows of a file.
#[derive(Debug)]
pub(super) struct Columns([usize; NAMES.len()]);

impl Columns {
    pub(super) fn of(header: &StringRecord) -> Result<Self> {
        let mut columns = [0; NAMES.len()];
        for (column, name) in columns.iter_mut().zip(NAMES) {
            let found = header.iter().position(|title| title == name);
            *column =
                found.with_context(|| format!("no column {name}: is it a table of flights?"))?;
        }
        Ok(Self(columns))
    }

    pub(super) fn flight(&self, row: &StringRecord) -> Result<Flight> {
        let [time_hour, minute, origin, carrier, tailnum, dep_time, dep_delay, distance] =
            self.0.map(|column| row.get(column).unwrap_or_default());
        let [of_time_hour, of_minute, of_origin, of_carrier, _, _, of_delay, of_distance] = NAMES;
        let minute = number::<u8>(of_minute, minute)?;
        ensure!(minute < 60, "column {of_minute}: not a minute");
        let Ok(hour) = time_hour.parse::<Timestamp>() else {
            bail!("column {of_time_hour}: not a time such as 2013-01-01T10:00:00Z");
        };
        let time = hour.as_millisecond() + i64::from(minute) * 60_000;
        ensure!(time >= 0, "column {of_time_hour}: before 1970");
        let known = |field| !is_missing(field);
        Ok(Flight {
            time,
            origin: text(of_origin, origin)?,
            carrier: text(of_carrier, carrier)?,
            tailnum: known(tailnum).then(|| tailnum.to_owned()),
            dep_delay: known(dep_time).then(|| number(of_delay, dep_delay)).transpose()?,
            distance: number(of_distance, distance)?,
        })
    }
}

fn number<T: FromStr>(name: &str, field: &str) -> Result<T> {
    field.parse().ok().with_context(|| format!("column {name}: not a whole number in its range"))
}

fn text(name: &str, field: &str) -> Result<String> {
    ensure!(!is_missing(field), "column {name}: missing");
    Ok(field.to_owned())
}

fn is_missing(field: &str) -> bool {
    field.is_empty() || field == "NA"
}

const NAMES: [&str; 8] =
    ["time_hour", "minute", "origin", "carrier", "tailnum", "dep_time", "dep_delay", "distance"];
