//! What became of each case.

use serde::{Deserialize, Serialize};

use crate::Outcome;

/// What became of each case, for one backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The name of the backend under test.
    pub subject: String,
    /// The seed of the run.
    pub seed: u64,
    /// The cases, in the order of the catalogue.
    pub cases: Vec<Line>,
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Line {
    /// Its id.
    pub id: String,
    /// What it asserts.
    pub about: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Report {
    pub(crate) const fn new(subject: String, seed: u64, cases: Vec<Line>) -> Self {
        Self { subject, seed, cases }
    }

    /// The ids of the cases that do not hold.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        let failed = |line: &&Line| matches!(line.outcome, Outcome::Failed(_));
        self.cases.iter().filter(failed).map(|line| line.id.as_str())
    }
}

impl Line {
    pub(crate) fn new(id: &str, about: &str, outcome: Outcome) -> Self {
        Self { id: id.to_owned(), about: about.to_owned(), outcome }
    }
}
