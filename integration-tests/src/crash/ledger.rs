//! What the workers said, held against what is there.

use std::collections::{BTreeMap, BTreeSet};

use super::{contents::Seen, report::Report, stores::TAGS};

/// What is known of the commits of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The records of each commit, from the first to before the last, by its tag.
    sent: BTreeMap<String, (i64, i64)>,
    acknowledged: BTreeSet<String>,
    refused: BTreeSet<String>,
    /// The highest number and offset acknowledged.
    sequence: u64,
    offset: i64,
    /// Whether the backend may lose what it has acknowledged; a claim then tells how much.
    forgets: bool,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// An acknowledged commit is not there.
    Lost(String),
    /// There is something that the records, each once, do not lead to.
    Wrong(String),
    /// A cycle did not go as it must.
    Stuck(String),
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Lost(what) | Self::Wrong(what) | Self::Stuck(what)) = self;
        f.write_str(what)
    }
}

impl std::error::Error for Violation {}

impl Ledger {
    pub(super) fn new(forgets: bool) -> Self {
        Self { forgets, ..Self::default() }
    }

    /// Takes note of a worker's words, in the order in which it said them.
    pub(super) fn note(&mut self, report: Report) {
        match report {
            Report::Sending { tag, from, to } => drop(self.sent.insert(tag, (from, to))),
            Report::Acknowledged { tag, sequence } => {
                self.sequence = self.sequence.max(sequence);
                self.offset = self.offset.max(self.sent.get(&tag).map_or(0, |(_, to)| *to));
                self.acknowledged.insert(tag);
            }
            Report::Refused { tag } => drop(self.refused.insert(tag)),
            Report::Claimed { offset, sequence } if self.forgets && offset < self.offset => {
                (self.offset, self.sequence) = (offset, sequence);
                let sent = &self.sent;
                self.acknowledged.retain(|tag| sent.get(tag).is_some_and(|(_, to)| *to <= offset));
            }
            _ => {}
        }
    }

    /// How many commits were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// How many commits are known not to have happened.
    pub(super) fn refused(&self) -> usize {
        self.refused.len()
    }

    /// Whether what is there is made of whole commits that were sent, of all acknowledged ones, and of no refused one.
    pub(super) fn check(&self, seen: &Seen) -> Result<(), Violation> {
        if self.offset > seen.offset || self.sequence > seen.sequence {
            return Err(Violation::Lost(format!(
                "commit {} up to offset {} was acknowledged; there is commit {} up to offset {}",
                self.sequence, self.offset, seen.sequence, seen.offset
            )));
        }
        let told = (seen.offset - TAGS).max(0)..seen.offset;
        if !seen.tags.keys().copied().eq(told.clone()) {
            return Err(Violation::Wrong(format!(
                "not told of {told:?}, each once: {:?}",
                seen.tags
            )));
        }
        for (position, tag) in &seen.tags {
            let Some((from, to)) = self.sent.get(tag) else {
                return Err(Violation::Wrong(format!("record {position} came with unknown {tag}")));
            };
            if self.refused.contains(tag) {
                let message = format!("record {position} came with {tag}, which was refused");
                return Err(Violation::Wrong(message));
            }
            let whole = (*from.max(&told.start)..*to).all(|at| seen.tags.get(&at) == Some(tag));
            if !whole || !(*from..*to).contains(position) || *to > seen.offset {
                return Err(Violation::Wrong(format!(
                    "{tag} sent records {from} to {to}; of them there are {:?}, up to offset {}",
                    seen.tags.iter().filter(|(_, other)| *other == tag).collect::<Vec<_>>(),
                    seen.offset
                )));
            }
        }
        self.check_acknowledged(seen, told.start)
    }

    fn check_acknowledged(&self, seen: &Seen, told_from: i64) -> Result<(), Violation> {
        for tag in &self.acknowledged {
            let Some((from, to)) = self.sent.get(tag) else { continue };
            if let Some(at) = (*from.max(&told_from)..*to).find(|at| seen.tags.get(at) != Some(tag))
            {
                return Err(Violation::Lost(format!(
                    "{tag} was acknowledged with records {from} to {to}; record {at} came with {:?}",
                    seen.tags.get(&at)
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, Seen, Violation};
    use crate::crash::{contents::Contents, report::Report};

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(false);
        let sending = |tag: &str, from, to| Report::Sending { tag: tag.to_owned(), from, to };
        let done = |tag: &str, sequence| Report::Acknowledged { tag: tag.to_owned(), sequence };
        for report in [
            sending("a", 0, 2),
            done("a", 1),
            sending("b", 2, 4),
            Report::Refused { tag: "b".to_owned() },
            sending("c", 2, 3),
        ] {
            ledger.note(report);
        }
        ledger
    }

    fn check(sequence: u64, tags: &[&str]) -> Result<(), Violation> {
        let offset = i64::try_from(tags.len()).unwrap();
        let tags = (0..).zip(tags.iter().map(|tag| (*tag).to_owned())).collect();
        ledger().check(&Seen { offset, sequence, contents: Contents::default(), tags })
    }

    #[test]
    fn commits_are_whole_and_known() {
        assert_eq!(check(1, &["a", "a"]), Ok(()));
        assert_eq!(check(2, &["a", "a", "c"]), Ok(()));
        assert!(matches!(check(1, &["a"]), Err(Violation::Lost(_))), "offset back");
        assert!(matches!(check(0, &["a", "a"]), Err(Violation::Lost(_))), "sequence back");
        assert!(matches!(check(2, &["a", "a", "b", "b"]), Err(Violation::Wrong(_))), "refused");
        assert!(matches!(check(2, &["a", "a", "d"]), Err(Violation::Wrong(_))), "unknown");
        assert!(matches!(check(2, &["a", "c", "c"]), Err(Violation::Wrong(_))), "not its records");
    }
}
