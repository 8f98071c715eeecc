//! What became of each case.

use serde::{Deserialize, Serialize};
use store_core::backend::Capabilities;

use crate::Outcome;

/// What became of each case, for one backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The name of the backend under test.
    pub subject: String,
    /// What it says of itself; none where it could not be asked.
    pub abilities: Option<Abilities>,
    /// The seed of the run.
    pub seed: u64,
    /// Whether it was held to some of the cases only, as a place is that can be killed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// The cases, in the order of the catalogue.
    pub cases: Vec<Line>,
}

/// What a backend says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Abilities {
    /// Its own name.
    pub backend: String,
    /// Whether committed state outlives the process.
    pub persistent: bool,
    /// Whether counts of entries are exact.
    pub exact_len: bool,
    /// Whether values can be searched by their indexed fields.
    pub search: bool,
    /// The longest key of a map, in bytes; none where there is no limit.
    pub max_key_bytes: Option<usize>,
    /// The longest value, in bytes; none where there is no limit.
    pub max_value_bytes: Option<usize>,
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

/// How many cases came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// They hold.
    pub passed: usize,
    /// The backend does not have it, says so, and refuses it.
    pub refused: usize,
    /// They cannot be told.
    pub not_applicable: usize,
    /// They come with Kafka changelogs.
    pub with_kafka: usize,
    /// They do not hold.
    pub failed: usize,
}

impl Report {
    pub(crate) const fn new(
        subject: String,
        abilities: Option<Abilities>,
        seed: u64,
        cases: Vec<Line>,
    ) -> Self {
        Self { subject, abilities, seed, partial: false, cases }
    }

    /// The cases that do not hold: each with its id, what it asserts, and the reason.
    pub fn failed(&self) -> impl Iterator<Item = String> {
        self.cases.iter().filter_map(|line| match &line.outcome {
            Outcome::Failed(reason) => Some(format!("{} {}: {reason}", line.id, line.about)),
            _ => None,
        })
    }

    /// How many of its cases came to what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(&self.cases)
    }
}

impl From<&Capabilities> for Abilities {
    fn from(capabilities: &Capabilities) -> Self {
        let limit = |bytes: usize| (bytes != usize::MAX).then_some(bytes);
        Self {
            backend: capabilities.backend.to_owned(),
            persistent: capabilities.persistent,
            exact_len: capabilities.exact_len,
            search: capabilities.search,
            max_key_bytes: limit(capabilities.max_key_bytes),
            max_value_bytes: limit(capabilities.max_value_bytes),
        }
    }
}

impl Line {
    pub(crate) fn new(id: &str, about: &str, outcome: Outcome) -> Self {
        Self { id: id.to_owned(), about: about.to_owned(), outcome }
    }

    /// The family of the case: the letters that its id begins with.
    #[must_use]
    pub fn family(&self) -> &str {
        family(&self.id)
    }
}

/// The letters that an id begins with.
pub(crate) fn family(id: &str) -> &str {
    let end = id.find(|c: char| !c.is_ascii_alphabetic());
    &id[..end.unwrap_or(id.len())]
}

impl Counts {
    /// Counts these.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        let mut counts = Self::default();
        for line in lines {
            *match line.outcome {
                Outcome::Passed | Outcome::PassedBy(_) => &mut counts.passed,
                Outcome::Refused(_) => &mut counts.refused,
                Outcome::NotApplicable(_) => &mut counts.not_applicable,
                Outcome::WithKafka => &mut counts.with_kafka,
                Outcome::Failed(_) => &mut counts.failed,
            } += 1;
        }
        counts
    }

    /// With their names, in the order of tables.
    #[must_use]
    pub const fn named(self) -> [(&'static str, usize); 5] {
        [
            ("passed", self.passed),
            ("refused", self.refused),
            ("not applicable", self.not_applicable),
            ("with store-kafka", self.with_kafka),
            ("failed", self.failed),
        ]
    }
}
