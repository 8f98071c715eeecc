//! Numbers by name, and the table.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use crate::engine::Kind;

/// The numbers of one measurement in the order in which they were taken.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Numbers(Vec<(String, f64)>);

impl Numbers {
    pub(crate) fn set(&mut self, name: &str, number: f64) {
        self.0.push((name.to_owned(), number));
    }

    fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }
}

/// All rounds of all engines.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    rounds: BTreeMap<Kind, Vec<Numbers>>,
}

impl Report {
    pub(crate) fn add(&mut self, kind: Kind, numbers: Numbers) {
        self.rounds.entry(kind).or_default().push(numbers);
    }

    /// One row per number; the columns after the first engine show the ratio to it as well.
    pub(crate) fn table(&self, kinds: &[Kind]) -> String {
        let mut table = String::from("| median |");
        for kind in kinds {
            let _ = write!(table, " {kind} |");
        }
        let _ = write!(table, "\n|---|{}\n", "---|".repeat(kinds.len()));
        let Some(first) = kinds.first() else { return table };
        for name in self.names(*first) {
            let base = self.median(*first, name);
            let _ = write!(table, "| {name} |");
            for kind in kinds {
                match (self.median(*kind, name), base) {
                    (Some(number), _) if kind == first => {
                        let _ = write!(table, " {} |", human(number));
                    }
                    (Some(number), Some(base)) => {
                        let _ = write!(table, " {} (×{:.2}) |", human(number), number / base);
                    }
                    _ => table.push_str(" |"),
                }
            }
            table.push('\n');
        }
        table
    }

    fn names(&self, kind: Kind) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.rounds.get(&kind).into_iter().flatten().flat_map(|round| &round.0) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    fn median(&self, kind: Kind, name: &str) -> Option<f64> {
        let rounds = self.rounds.get(&kind)?;
        let mut numbers: Vec<f64> = rounds.iter().filter_map(|round| round.get(name)).collect();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied()
    }
}

fn human(number: f64) -> String {
    match number {
        n if n >= 1_000_000.0 => format!("{:.2} M", n / 1_000_000.0),
        n if n >= 10_000.0 => format!("{:.0} k", n / 1000.0),
        n if n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}
