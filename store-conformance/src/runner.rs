//! Runs the cases: as named tests, or all of them in this process.

use std::{
    collections::BTreeMap,
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use tokio::time::timeout;

use crate::{Context, Duty, Entry, Line, Outcome, Place, Report, Subject, catalogue};

/// How long a case may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// The `main` of a test that holds one backend to every case; `fresh` makes a place without state.
pub fn main<P, F>(name: &str, fresh: impl Fn() -> F + Send + Sync + 'static) -> ExitCode
where
    P: Place,
    F: Future<Output = Result<P>> + Send + 'static,
{
    run(&[Subject::new(name, fresh)])
}

/// Holds backends to every case, each as a named test, as the arguments of the process say.
///
/// `SEED` chooses the order and what is drawn at random. `CONFORMANCE_REPORT` names a file that gets the reports, as JSON,
/// when all cases were run.
#[must_use]
pub fn run(subjects: &[Subject]) -> ExitCode {
    let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let lines = Arc::new(Mutex::new(BTreeMap::new()));
    let mut trials = Vec::new();
    for (number, subject) in subjects.iter().enumerate() {
        for (place, entry) in catalogue().enumerate() {
            trials.push(trial(subject, entry, seed, (number, place), lines.clone()));
        }
    }
    trials.shuffle(&mut StdRng::seed_from_u64(seed));
    let all = trials.len();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(path) = env::var_os("CONFORMANCE_REPORT")
        && lines.len() + usize::try_from(conclusion.num_ignored).unwrap_or(0) == all
    {
        let reports = reports(subjects, seed, lines);
        let written = serde_json::to_vec_pretty(&reports).map(|json| fs::write(&path, json));
        if !matches!(written, Ok(Ok(()))) {
            eprintln!("the report cannot be written to {}", path.display());
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
}

/// Holds a backend to every case in this process, one after the other; what fails is in the report.
#[must_use]
pub fn judge(subject: &Subject, seed: u64) -> Report {
    let lines =
        catalogue().map(|entry| Line::new(entry.id, entry.about, outcome(subject, entry, seed)));
    Report::new(subject.name().to_owned(), seed, lines.collect())
}

/// By the place of the subject and of the case.
type Lines = BTreeMap<(usize, usize), Outcome>;

fn trial(
    subject: &Subject,
    entry: &'static Entry,
    seed: u64,
    place: (usize, usize),
    lines: Arc<Mutex<Lines>>,
) -> Trial {
    let name = format!("{}::{} {}", subject.name(), entry.id, entry.about);
    let run = {
        let subject = subject.clone();
        move || {
            let outcome = outcome(&subject, entry, seed);
            lines.lock().unwrap_or_else(PoisonError::into_inner).insert(place, outcome.clone());
            match outcome {
                Outcome::Failed(reason) => Err(Failed::from(reason)),
                _ => Ok(()),
            }
        }
    };
    match entry.duty {
        Duty::Run(_) => Trial::test(name, run),
        Duty::NotApplicable(reason) => {
            Trial::test(format!("{name} (not applicable: {reason})"), || Ok(()))
                .with_ignored_flag(true)
        }
        Duty::WithKafka => {
            Trial::test(format!("{name} (with store-kafka)"), || Ok(())).with_ignored_flag(true)
        }
    }
}

fn reports(subjects: &[Subject], seed: u64, mut lines: Lines) -> Vec<Report> {
    let report = |(number, subject): (usize, &Subject)| {
        let line = |(place, entry): (usize, &Entry)| {
            let outcome = lines.remove(&(number, place)).unwrap_or_else(|| excused(entry));
            Line::new(entry.id, entry.about, outcome)
        };
        Report::new(subject.name().to_owned(), seed, catalogue().enumerate().map(line).collect())
    };
    subjects.iter().enumerate().map(report).collect()
}

fn excused(entry: &Entry) -> Outcome {
    match entry.duty {
        Duty::Run(_) => Outcome::Failed("it was not run".to_owned()),
        Duty::NotApplicable(reason) => Outcome::NotApplicable(reason.to_owned()),
        Duty::WithKafka => Outcome::WithKafka,
    }
}

/// Runs one case on a runtime of its own.
fn outcome(subject: &Subject, entry: &Entry, seed: u64) -> Outcome {
    let Duty::Run(run) = entry.duty else { return excused(entry) };
    let case = || -> Result<Outcome> {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build()?;
        runtime.block_on(async {
            let case = run(Context::new(subject, seed).await?);
            timeout(PATIENCE, case).await.unwrap_or_else(|_| {
                Ok(Outcome::Failed(format!("it did not end within {PATIENCE:?}")))
            })
        })
    };
    match catch_unwind(AssertUnwindSafe(case)) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Outcome::Failed(format!("{error:#}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Outcome::Failed(format!("it panicked: {}", text.unwrap_or_default()))
        }
    }
}
