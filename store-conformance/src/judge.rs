//! Holds a backend to cases in this process, one after the other.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use anyhow::{Result, bail};
use tokio::time::timeout;

use crate::{Abilities, Context, Duty, Entry, Line, Outcome, Report, Subject, catalogue};

/// Holds backends to cases in this process, one after the other; what fails is in the report.
///
/// Makes a runtime of its own for each case, and so is called outside of any.
#[derive(Clone, Debug)]
pub struct Judge {
    seed: u64,
    patience: Duration,
    prefix: String,
}

impl Judge {
    /// Runs every case with this seed; one that takes longer than ten minutes counts as hanging.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, patience: Duration::from_secs(600), prefix: String::new() }
    }

    /// With another time that a case may take.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// With the cases only whose id starts with this.
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// The cases that it runs, in the order of the catalogue.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        catalogue().filter(|entry| entry.id.starts_with(&self.prefix))
    }

    /// Runs the cases, and tells of each when it has ended.
    pub fn report(&self, subject: &Subject, mut ended: impl FnMut(&Line)) -> Report {
        let case = |entry: &Entry| {
            let line = Line::new(entry.id, entry.about, self.outcome(subject, entry));
            ended(&line);
            line
        };
        let cases = self.entries().map(case).collect();
        Report::new(subject.name().to_owned(), self.abilities(subject), self.seed, cases)
    }

    /// Runs one case.
    #[must_use]
    pub fn outcome(&self, subject: &Subject, entry: &Entry) -> Outcome {
        let Duty::Run(run) = entry.duty else { return excused(entry) };
        let outcome = self.guarded(subject, async |context| run(context).await);
        outcome.unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
    }

    /// What a backend says of itself; none where it cannot be asked.
    pub(crate) fn abilities(&self, subject: &Subject) -> Option<Abilities> {
        let capabilities = self.guarded(subject, async |context| context.capabilities().await);
        capabilities.ok().as_ref().map(Abilities::from)
    }

    /// Does something in a fresh place, on a runtime of its own.
    fn guarded<T>(
        &self,
        subject: &Subject,
        case: impl AsyncFnOnce(Context) -> Result<T>,
    ) -> Result<T> {
        let patience = self.patience;
        let case = || -> Result<T> {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(2).enable_all().build()?;
            let result = runtime.block_on(async {
                let case = case(Context::new(subject, self.seed).await?);
                timeout(patience, case)
                    .await
                    .unwrap_or_else(|_| bail!("it did not end within {patience:?}"))
            });
            // What a case left behind may never end.
            runtime.shutdown_timeout(Duration::from_secs(1));
            result
        };
        match catch_unwind(AssertUnwindSafe(case)) {
            Ok(result) => result,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text =
                    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                bail!("it panicked: {}", text.unwrap_or_default())
            }
        }
    }
}

/// Holds a backend to every case in this process.
#[must_use]
pub fn judge(subject: &Subject, seed: u64) -> Report {
    Judge::new(seed).report(subject, |_| ())
}

/// What becomes of a case that is not run.
pub(crate) fn excused(entry: &Entry) -> Outcome {
    match entry.duty {
        Duty::Run(_) => Outcome::Failed("it was not run".to_owned()),
        Duty::NotApplicable(reason) => Outcome::NotApplicable(reason.to_owned()),
        Duty::WithKafka => Outcome::WithKafka,
    }
}
