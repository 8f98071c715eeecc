//! What is kept of the flights, and what one row does to it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use store::{TaskBuilder, prelude::*, search::FieldType};

use super::row::Flight;

/// By origin, in tumbling windows of an hour.
static HOURLY: Window<String, Hour> = Window::new("hourly", HOUR, KEPT);
/// By tail number, the hours that an aircraft is in service without a long break.
static DUTY: Session<String, Duty> = Session::new("duty", KEPT);
/// By carrier, the last known delay at any time.
static DELAYS: VersionedKeyValue<String, i32> = VersionedKeyValue::new("delays", KEPT);
/// By carrier, how late it departs; found by it where the database can search.
pub(super) static CARRIERS: KeyValue<String, Carrier> = KeyValue::new("carriers")
    .indexed(DEPARTED, FieldType::Integer)
    .indexed(MEAN_DELAY, FieldType::Float);
/// By file, the row before its committed position.
static LAST_ROWS: KeyValue<String, String> = KeyValue::new("last-rows");

/// What departed from an origin within an hour, and what did not.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Hour {
    pub(super) departed: u64,
    pub(super) cancelled: u64,
    pub(super) delay: i64,
}

/// How late a carrier departs.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Carrier {
    pub(super) departed: u32,
    /// Minutes, all of them together.
    delay: i32,
    /// Minutes.
    pub(super) mean_delay: f64,
}

/// What an aircraft did without a long break.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Duty {
    pub(super) flights: u64,
    pub(super) distance: u64,
}

/// The stores of the task.
#[derive(Debug)]
pub(super) struct Stores {
    pub(super) hourly: Arc<dyn WindowStore<String, Hour>>,
    pub(super) duty: Arc<dyn SessionStore<String, Duty>>,
    pub(super) delays: Arc<dyn VersionedKeyValueStore<String, i32>>,
    carriers: Arc<dyn KeyValueStore<String, Carrier>>,
    last_rows: Arc<dyn KeyValueStore<String, String>>,
}

impl Stores {
    /// Names them before the task is opened.
    pub(super) fn name(task: TaskBuilder) -> TaskBuilder {
        task.store(&HOURLY).store(&DUTY).store(&DELAYS).store(&CARRIERS).store(&LAST_ROWS)
    }

    pub(super) fn of(task: &Task) -> Result<Self> {
        Ok(Self {
            hourly: task.store(&HOURLY)?,
            duty: task.store(&DUTY)?,
            delays: task.store(&DELAYS)?,
            carriers: task.store(&CARRIERS)?,
            last_rows: task.store(&LAST_ROWS)?,
        })
    }

    /// Brings a flight into all of them.
    pub(super) async fn apply(&self, flight: &Flight) -> Result<()> {
        let count = |hour: Option<Hour>| {
            let mut hour = hour.unwrap_or_default();
            match flight.dep_delay {
                Some(delay) => {
                    hour.departed += 1;
                    hour.delay += i64::from(delay);
                }
                None => hour.cancelled += 1,
            }
            Some(hour)
        };
        let start = self.hourly.window_of(flight.time);
        self.hourly.update(&flight.origin, start, count).await?;

        if let Some(tailnum) = &flight.tailnum {
            let together = |found: Vec<(SessionWindow, Duty)>| {
                let flown = Duty { flights: 1, distance: flight.distance.into() };
                found.iter().fold(flown, |sum, (_, duty)| Duty {
                    flights: sum.flights + duty.flights,
                    distance: sum.distance + duty.distance,
                })
            };
            let event = SessionWindow::new(flight.time, flight.time);
            self.duty.merge(tailnum, event, GAP_MS, together).await?;
        }

        if let Some(delay) = &flight.dep_delay {
            self.delays.put(&flight.carrier, Some(delay), flight.time).await?;
            let departs = |carrier: Option<Carrier>| {
                let Carrier { departed, delay: before, .. } = carrier.unwrap_or_default();
                let (departed, delay) = (departed + 1, before.saturating_add(*delay));
                Some(Carrier {
                    departed,
                    delay,
                    mean_delay: f64::from(delay) / f64::from(departed),
                })
            };
            self.carriers.update(&flight.carrier, departs).await?;
        }
        Ok(())
    }

    pub(super) async fn last_row(&self, file: &str) -> Result<String> {
        let row = self.last_rows.get(&file.to_owned()).await?;
        row.with_context(|| {
            format!("the state has a position in {file}, but not the row before it")
        })
    }

    pub(super) async fn set_last_row(&self, file: &str, row: &str) -> Result<()> {
        Ok(self.last_rows.put(&file.to_owned(), &row.to_owned()).await?)
    }

    pub(super) fn late_updates(&self) -> u64 {
        self.hourly.late_records() + self.duty.late_records() + self.delays.late_records()
    }
}

pub(super) const DEPARTED: &str = "departed";
pub(super) const MEAN_DELAY: &str = "mean_delay";

const HOUR: Duration = Duration::from_secs(3600);
const GAP_MS: i64 = 6 * 3_600_000;
/// The file holds a year, its months in no order; half of this is a segment, so that three are live at most.
const KEPT: Duration = Duration::from_secs(4 * 365 * 86_400);
