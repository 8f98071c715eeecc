//! What the stores are meant to reach, and whether this run did.

use serde::Serialize;

use super::{median, table::name};
use crate::{
    contender::Role::{Bare, Naive, Ours},
    row::Row,
    run::{Place, Rates},
    target::Target::{Embedded, Memory, Redis, RedisFar, Remote},
};

/// One goal and what was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Goal {
    pub(crate) what: String,
    /// The places of the table that it is made of.
    pub(crate) by: String,
    pub(crate) is: f64,
    pub(crate) wanted: String,
    pub(crate) met: bool,
}

/// The goals whose rows were measured.
pub(crate) fn goals(rates: &Rates) -> Vec<Goal> {
    let mut goals = Vec::new();
    for row in [Row::GetUniform, Row::GetZipf, Row::GetMissing, Row::Range, Row::Scan, Row::Put] {
        let (ours, bare) = ((Embedded, row, Ours), (Embedded, row, Bare));
        goals.push(ratio(rates, "embedded as fast as its engine", ours, bare, 0.9));
    }
    goals.push(above(rates));
    let (far, local) =
        ((Remote, Row::UpdateConcurrent, Ours), (Embedded, Row::UpdateConcurrent, Ours));
    goals.push(ratio(rates, "remote updates as fast as embedded ones", far, local, 0.8));
    let naive = (Remote, Row::UpdateConcurrent, Naive);
    goals.push(ratio(rates, "remote updates, against the naive way", far, naive, 50.0));
    for target in [Memory, Embedded, Remote] {
        let (with, without) =
            ((target, Row::UpdateCommitting, Ours), (target, Row::UpdateUncommitted, Ours));
        goals.push(ratio(rates, "commits do not slow the processing", with, without, 0.9));
    }
    for (row, wanted) in
        [(Row::WindowFetch, 135e3), (Row::SessionMerge, 110e3), (Row::VersionedPut, 130e3)]
    {
        goals.push(rate(rates, "five times Kafka Streams", (Embedded, row, Ours), wanted));
    }
    for (target, times) in [(Redis, 4.0), (RedisFar, 50.0)] {
        let [ours, bare, naive] = [Ours, Bare, Naive].map(|role| (target, Row::Put, role));
        goals.push(ratio(rates, "committed puts, against the raw pipeline", ours, bare, 0.6));
        goals.push(ratio(rates, "committed puts, against the naive way", ours, naive, times));
        let [ours, bare] = [Ours, Bare].map(|role| (target, Row::GetConcurrent, role));
        goals.push(ratio(rates, "concurrent gets, against the raw client", ours, bare, 0.8));
        let [far, local] = [target, Embedded].map(|target| (target, Row::GetZipf, Ours));
        goals.push(ratio(rates, "cached gets as fast as embedded ones", far, local, 0.8));
    }
    goals.into_iter().flatten().collect()
}

fn at(rates: &Rates, place: Place) -> Option<f64> {
    rates.get(&place).map(|rates| median(rates).0)
}

fn shown((target, row, role): Place) -> String {
    format!("{} {} {}", name(target), name(row), name(role))
}

fn ratio(rates: &Rates, what: &str, one: Place, other: Place, wanted: f64) -> Option<Goal> {
    let is = at(rates, one)? / at(rates, other)?;
    let by = format!("{} / {}", shown(one), shown(other));
    let (what, met) = (what.to_owned(), is >= wanted);
    Some(Goal { what, by, is, wanted: format!("≥ {wanted}"), met })
}

fn rate(rates: &Rates, what: &str, place: Place, wanted: f64) -> Option<Goal> {
    let is = at(rates, place)?;
    let (what, met) = (what.to_owned(), is >= wanted);
    Some(Goal { what, by: shown(place), is, wanted: format!("≥ {wanted}"), met })
}

/// The time that a get in memory takes above that of the standard library's map.
fn above(rates: &Rates) -> Option<Goal> {
    let [ours, bare] = [Ours, Bare].map(|role| (Memory, Row::GetUniform, role));
    let is = 1e6 / at(rates, ours)? - 1e6 / at(rates, bare)?;
    let by = format!("{} - {}, µs", shown(ours), shown(bare));
    let what = "memory close to a BTreeMap".to_owned();
    Some(Goal { what, by, is, wanted: "≤ 0.3".to_owned(), met: is <= 0.3 })
}
