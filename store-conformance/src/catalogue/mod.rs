//! Every case there is, by its id: what it asserts, and whether it is owed.
//!
//! Ids are stable and never given again. A case that cannot be told through the public API stands here with the reason, so
//! that nothing is skipped silently.

mod adapter;
mod bulk;
mod caching;
mod changelog;
mod families;
mod iterators;
mod key_value;
mod keys;
mod offsets;
mod operations;
mod random;
mod recorded;
mod scans;
mod session;
mod values;
mod versioned;
mod window;
mod wrong;

use anyhow::Result;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

pub use self::families::FAMILIES;
use crate::Context;

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It holds, by so much as this says: a backend, or a place, may be tried less or more than others.
    PassedBy(String),
    /// The backend does not have it, says so in its capabilities, and refuses it.
    Refused(String),
    /// It cannot be told here, for this reason.
    NotApplicable(String),
    /// It comes with Kafka changelogs.
    WithKafka,
    /// It does not hold.
    Failed(String),
}

impl Outcome {
    /// It holds, and what keeps the state was killed for it once, or could not be.
    pub(crate) fn with_a_kill(killed: bool) -> Self {
        if killed { Self::PassedBy("1 kill".to_owned()) } else { Self::Passed }
    }

    /// Whether both are the same but for how much was tried.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        let passed = |outcome: &Self| matches!(outcome, Self::Passed | Self::PassedBy(_));
        self == other || (passed(self) && passed(other))
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Passed
    }
}

/// Runs a case; on a runtime of several threads.
pub type Run = fn(Context) -> BoxFuture<'static, Result<Outcome>>;

/// Whether a case is owed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Duty {
    /// By every backend.
    Run(Run),
    /// By none, for this reason.
    NotApplicable(&'static str),
    /// Once there are Kafka changelogs.
    WithKafka,
}

/// A case: its id, what it asserts, and whether it is owed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Its stable id, such as `KV-01`.
    pub id: &'static str,
    /// What it asserts, in a few words.
    pub about: &'static str,
    /// Whether it is owed.
    pub duty: Duty,
}

/// A case that is owed: `run!("KV-01", "what it asserts", path::to::case)`, where the case is an
/// `async fn(Context) -> Result<()>`, or one that gives an [`Outcome`].
macro_rules! run {
    ($id:literal, $about:literal, $($case:tt)+) => {
        $crate::Entry {
            id: $id,
            about: $about,
            duty: $crate::Duty::Run(|context| {
                Box::pin(async { $($case)+(context).await.map($crate::Outcome::from) })
            }),
        }
    };
}
pub(crate) use run;

/// A case that cannot be told here, for this reason.
const fn none(id: &'static str, about: &'static str, reason: &'static str) -> Entry {
    Entry { id, about, duty: Duty::NotApplicable(reason) }
}

/// A case that comes with Kafka changelogs.
const fn kafka(id: &'static str, about: &'static str) -> Entry {
    Entry { id, about, duty: Duty::WithKafka }
}

/// The cases that kill what keeps the state ([`Place::kill`](crate::Place::kill)), where that can be done.
pub const KILLS: [&str; 14] = [
    "AD-30", "AD-42", "KV-58", "RN-01", "RN-02", "RN-03", "RN-04", "RN-05", "RN-06", "RN-07",
    "RN-08", "RN-09", "R03", "H01",
];

/// Every case, family by family.
pub fn catalogue() -> impl Iterator<Item = &'static Entry> {
    let families = [
        adapter::ENTRIES,
        bulk::ENTRIES,
        caching::ENTRIES,
        changelog::ENTRIES,
        iterators::ENTRIES,
        key_value::ENTRIES,
        keys::ENTRIES,
        offsets::ENTRIES,
        operations::ENTRIES,
        random::ENTRIES,
        recorded::ENTRIES,
        scans::ENTRIES,
        session::ENTRIES,
        values::ENTRIES,
        versioned::ENTRIES,
        window::ENTRIES,
        wrong::ENTRIES,
    ];
    families.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{FAMILIES, catalogue};
    use crate::report::family;

    #[test]
    fn each_id_is_one_case() {
        let ids: HashSet<_> = catalogue().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), catalogue().count());
    }

    #[test]
    fn each_family_has_a_name() {
        let names: HashSet<_> = FAMILIES.iter().map(|(prefix, _)| *prefix).collect();
        let families: HashSet<_> = catalogue().map(|entry| family(entry.id)).collect();
        assert_eq!(families.difference(&names).collect::<Vec<_>>(), [&""; 0]);
    }
}
