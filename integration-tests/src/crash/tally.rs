//! What was done, and what came of it.

use std::{collections::BTreeMap, fmt};

use clap::ValueEnum;

use super::ledger::Violation;

/// What is done to a worker, to its server, or to the line between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[non_exhaustive]
pub enum Kind {
    /// The worker dies at a named step of a claim or commit.
    Step,
    /// The worker is killed with `kill -9` at a random moment.
    Kill,
    /// Several owners claim the task in turn, and all go on writing.
    Duel,
    /// The server is killed with `kill -9` and started again.
    ServerKill,
    /// The server is ended in an orderly way and started again.
    ServerRestart,
    /// The server is stopped with `SIGSTOP` for a while.
    ServerStop,
    /// The line is cut for a while.
    CutOff,
    /// An answer or a request is lost, or comes late.
    Lost,
    /// A server that keeps nothing is killed and started again.
    Forgotten,
}

impl Kind {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        // Invariant: no variant is skipped.
        self.to_possible_value().expect("a kind has a name").get_name().to_owned()
    }
}

/// The figures of one kind.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Row {
    /// Cycles begun.
    pub cycles: u64,
    /// How often the thing itself happened: kills, claims that fenced somebody, losses.
    pub happened: u64,
    /// Cycles after which an acknowledged commit was not there.
    pub lost: u64,
    /// Cycles after which there was anything else than each record once.
    pub wrong: u64,
    /// Cycles that did not go as they must.
    pub stuck: u64,
}

/// A cycle that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The round it was in.
    pub round: u64,
    /// What was done.
    pub kind: Kind,
    /// What is wrong.
    pub violation: Violation,
}

/// The figures of a run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Tally {
    /// By kind.
    pub rows: BTreeMap<Kind, Row>,
    /// How often each step was to be died at, and how often a worker did.
    pub steps: BTreeMap<&'static str, (u64, u64)>,
    /// Commits acknowledged.
    pub acknowledged: u64,
    /// Commits known not to have happened.
    pub refused: u64,
    /// Times an owner found that it was fenced.
    pub fenced: u64,
    /// Times an owner found that acknowledged commits were gone.
    pub gaps: u64,
    /// Records that the model was asked about.
    pub records: u64,
    /// What failed.
    pub failures: Vec<Failure>,
}

impl Tally {
    pub(super) fn row(&mut self, kind: Kind) -> &mut Row {
        self.rows.entry(kind).or_default()
    }

    /// Notes a failure.
    pub(super) fn failed(&mut self, round: u64, kind: Kind, violation: Violation) {
        let row = self.row(kind);
        match violation {
            Violation::Lost(_) => row.lost += 1,
            Violation::Wrong(_) => row.wrong += 1,
            Violation::Stuck(_) => row.stuck += 1,
        }
        self.failures.push(Failure { round, kind, violation });
    }
}

impl fmt::Display for Tally {
    /// Tables for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<16}{:>8}{:>10}{:>6}{:>7}{:>7}",
            "what", "cycles", "happened", "lost", "wrong", "stuck"
        )?;
        for (kind, row) in &self.rows {
            let Row { cycles, happened, lost, wrong, stuck } = row;
            writeln!(
                f,
                "{:<16}{cycles:>8}{happened:>10}{lost:>6}{wrong:>7}{stuck:>7}",
                kind.name()
            )?;
        }
        if !self.steps.is_empty() {
            writeln!(f, "\n{:<24}{:>8}{:>8}", "step", "tried", "died")?;
        }
        for (step, (tried, died)) in &self.steps {
            writeln!(f, "{step:<24}{tried:>8}{died:>8}")?;
        }
        writeln!(
            f,
            "\n{} records, {} commits acknowledged, {} refused; owners fenced {} times, gaps noticed {}",
            self.records, self.acknowledged, self.refused, self.fenced, self.gaps
        )
    }
}
