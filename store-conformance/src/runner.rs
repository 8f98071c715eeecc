//! Runs the cases as named tests.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::{Duty, Entry, Judge, Line, Outcome, Place, Report, Subject, catalogue, judge::excused};

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
/// `SEED` chooses the order and what is drawn at random. `CONFORMANCE_REPORT` names a folder that gets a report for
/// each backend, as JSON, when all cases were run.
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
        let written = reports(subjects, seed, lines)
            .iter()
            .try_for_each(|report| write(Path::new(&path), report));
        if let Err(error) = written {
            eprintln!("the report cannot be written to {}: {error:#}", path.display());
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
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
            let outcome = Judge::new(seed).outcome(&subject, entry);
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
        let cases = catalogue().enumerate().map(line).collect();
        let abilities = Judge::new(seed).abilities(subject);
        Report::new(subject.name().to_owned(), abilities, seed, cases)
    };
    subjects.iter().enumerate().map(report).collect()
}

fn write(folder: &Path, report: &Report) -> Result<()> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = report.subject.chars().map(plain).collect();
    fs::create_dir_all(folder)?;
    Ok(fs::write(folder.join(format!("{name}.json")), serde_json::to_vec_pretty(report)?)?)
}
