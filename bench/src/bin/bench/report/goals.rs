//! What the stores are meant to reach, and whether this run did.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{median, table::name};
use crate::{
    contender::Role::{Bare, Naive, Ours, Uncached},
    row::Row,
    run::{Place, Rates},
    target::Target::{Cassandra, Elastic, Embedded, Memory, Redis, RedisFar, Remote},
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

/// What is wanted, and the places of the table that tell.
struct Wanted {
    what: &'static str,
    by: By,
    bound: f64,
}

/// How a goal is measured.
enum By {
    /// One rate is at least so many times another.
    Ratio(Place, Place),
    /// A rate is at least so many per second.
    Rate(Place),
    /// One operation takes at most so many microseconds longer than another.
    Above(Place, Place),
}

fn all() -> Vec<Wanted> {
    let ratio = |what, one, other, bound| Wanted { what, by: By::Ratio(one, other), bound };
    let mut goals = Vec::new();
    for row in [Row::GetUniform, Row::GetZipf, Row::GetMissing, Row::Range, Row::Scan, Row::Put] {
        let (ours, bare) = ((Embedded, row, Ours), (Embedded, row, Bare));
        goals.push(ratio("embedded as fast as its engine", ours, bare, 0.9));
    }
    let [ours, bare] = [Ours, Bare].map(|role| (Memory, Row::GetUniform, role));
    let what = "memory close to a BTreeMap";
    goals.push(Wanted { what, by: By::Above(ours, bare), bound: 0.3 });
    let [far, local] = [Remote, Embedded].map(|target| (target, Row::UpdateConcurrent, Ours));
    goals.push(ratio("remote updates as fast as embedded ones", far, local, 0.8));
    let naive = (Remote, Row::UpdateConcurrent, Naive);
    goals.push(ratio("remote updates, against the naive way", far, naive, 50.0));
    for target in [Memory, Embedded, Remote] {
        let (with, without) =
            ((target, Row::UpdateCommitting, Ours), (target, Row::UpdateUncommitted, Ours));
        goals.push(ratio("commits do not slow the processing", with, without, 0.9));
    }
    for (row, bound) in
        [(Row::WindowFetch, 135e3), (Row::SessionMerge, 110e3), (Row::VersionedPut, 130e3)]
    {
        let by = By::Rate((Embedded, row, Ours));
        goals.push(Wanted { what: "five times Kafka Streams", by, bound });
    }
    for (target, of_bare, times) in
        [(Redis, 0.6, 4.0), (RedisFar, 0.6, 50.0), (Cassandra, 0.5, 10.0), (Elastic, 0.4, 20.0)]
    {
        let [ours, bare, naive] = [Ours, Bare, Naive].map(|role| (target, Row::Put, role));
        goals.push(ratio("committed puts, against raw batches", ours, bare, of_bare));
        goals.push(ratio("committed puts, against the naive way", ours, naive, times));
        let [ours, bare] = [Uncached, Bare].map(|role| (target, Row::GetConcurrent, role));
        goals.push(ratio("uncached concurrent gets, against the raw client", ours, bare, 0.8));
        if matches!(target, Redis | RedisFar) {
            let [far, local] =
                [target, Embedded].map(|target| (target, Row::GetZipfConcurrent, Ours));
            goals.push(ratio("cached gets as fast as embedded ones", far, local, 0.8));
        }
    }
    goals
}

/// The places that goals are made of.
pub(crate) fn places() -> BTreeSet<Place> {
    all().into_iter().flat_map(|wanted| wanted.by.places()).collect()
}

/// The goals whose places were measured.
pub(crate) fn goals(rates: &Rates) -> Vec<Goal> {
    all().iter().filter_map(|wanted| wanted.measured(rates)).collect()
}

impl By {
    fn places(&self) -> Vec<Place> {
        match *self {
            Self::Rate(place) => vec![place],
            Self::Ratio(one, other) | Self::Above(one, other) => vec![one, other],
        }
    }
}

impl Wanted {
    fn measured(&self, rates: &Rates) -> Option<Goal> {
        let rate = |place: Place| rates.get(&place).map(|rates| median(rates).0);
        let (is, by) = match self.by {
            By::Ratio(one, other) => {
                (rate(one)? / rate(other)?, format!("{} / {}", shown(one), shown(other)))
            }
            By::Rate(place) => (rate(place)?, shown(place)),
            By::Above(one, other) => {
                let by = format!("{} - {}, µs", shown(one), shown(other));
                (1e6 / rate(one)? - 1e6 / rate(other)?, by)
            }
        };
        let (sign, met) = match self.by {
            By::Above(..) => ("≤", is <= self.bound),
            By::Ratio(..) | By::Rate(_) => ("≥", is >= self.bound),
        };
        let wanted = format!("{sign} {}", self.bound);
        Some(Goal { what: self.what.to_owned(), by, is, wanted, met })
    }
}

fn shown((target, row, role): Place) -> String {
    format!("{} {} {}", name(target), name(row), name(role))
}
