//! Runs the cases as named tests.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
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
/// `SEED` chooses the order and what is drawn at random; `SEEDS` names several, separated by commas: every case is run for
/// each of them, each time in another order, and must come to the same. `CONFORMANCE_REPORT` names a folder that gets a
/// report for each backend, as JSON, when all its cases were run; it is that of the first seed. Eight cases run at the same time
/// unless `--test-threads` says otherwise.
#[must_use]
pub fn run(subjects: &[Subject]) -> ExitCode {
    run_some(subjects, |_| true)
}

/// Holds backends to some of the cases, as [`run`] does to all.
#[must_use]
pub fn run_some(subjects: &[Subject], wanted: impl Fn(&Entry) -> bool) -> ExitCode {
    let seeds = match seeds() {
        Ok(seeds) => seeds,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    let wanted: Vec<_> = catalogue().map(wanted).collect();
    let lines = Arc::new(Mutex::new(Lines::new()));
    let mut trials = Vec::new();
    for round in 0..seeds.len() {
        let mut of_round = Vec::new();
        for (number, subject) in subjects.iter().enumerate() {
            for (place, entry) in catalogue().enumerate().filter(|(place, _)| wanted[*place]) {
                let run = Run { subject: subject.clone(), entry, seeds: seeds.clone(), round };
                of_round.push(run.trial((round, number, place), lines.clone()));
            }
        }
        of_round.shuffle(&mut StdRng::seed_from_u64(seeds[round]));
        trials.extend(of_round);
    }
    let owed = |(entry, wanted): &(&Entry, &bool)| **wanted && matches!(entry.duty, Duty::Run(_));
    let owed = catalogue().zip(&wanted).filter(owed).count();
    let all = subjects.len() * seeds.len() * owed;
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(CASES_AT_ONCE);
    let conclusion = libtest_mimic::run(&arguments, trials);
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    let changed = changes(subjects, &seeds, &lines);
    if let Some(path) = env::var_os("CONFORMANCE_REPORT")
        && lines.len() == all
    {
        let written = reports(subjects, seeds[0], &wanted, lines)
            .iter()
            .try_for_each(|report| write(Path::new(&path), report));
        if let Err(error) = written {
            eprintln!("the report cannot be written to {}: {error:#}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if changed.is_empty() {
        return conclusion.exit_code();
    }
    eprintln!("not the same for every seed:\n{}", changed.join("\n"));
    ExitCode::FAILURE
}

/// How many cases run at the same time unless `--test-threads` says otherwise: more than a machine has cores, because a case
/// waits for its backend most of its time.
const CASES_AT_ONCE: usize = 8;

/// By the round, the place of the subject, and that of the case.
type Lines = BTreeMap<(usize, usize, usize), Outcome>;

/// The seeds of the run: at least one.
fn seeds() -> Result<Vec<u64>> {
    let number = |text: &str| {
        text.trim().parse().with_context(|| format!("SEED and SEEDS are numbers, not {text:?}"))
    };
    match (env::var("SEEDS"), env::var("SEED")) {
        (Ok(seeds), _) => seeds.split(',').map(number).collect(),
        (_, Ok(seed)) => Ok(vec![number(&seed)?]),
        _ => Ok(vec![0]),
    }
}

/// What did not come to the same with every seed.
fn changes(subjects: &[Subject], seeds: &[u64], lines: &Lines) -> Vec<String> {
    let change = |(&(round, number, place), outcome): (&_, &Outcome)| {
        let first = lines.get(&(0, number, place)).filter(|first| !first.agrees(outcome))?;
        let id = catalogue().nth(place).map_or("?", |entry| entry.id);
        let (name, one, other) = (subjects[number].name(), seeds[0], seeds[round]);
        Some(format!("{name}::{id}: seed {one}: {first:?}, seed {other}: {outcome:?}"))
    };
    lines.iter().filter_map(change).collect()
}

/// One case to be run.
struct Run {
    subject: Subject,
    entry: &'static Entry,
    seeds: Vec<u64>,
    round: usize,
}

impl Run {
    fn trial(self, place: (usize, usize, usize), lines: Arc<Mutex<Lines>>) -> Trial {
        let Self { subject, entry, seeds, round } = self;
        let seed = seeds[round];
        let mut name = format!("{}::{} {}", subject.name(), entry.id, entry.about);
        if seeds.len() > 1 {
            name += &format!(" (seed {seed})");
        }
        let run = move || {
            let outcome = Judge::new(seed).outcome(&subject, entry);
            lines.lock().unwrap_or_else(PoisonError::into_inner).insert(place, outcome.clone());
            match outcome {
                Outcome::Failed(reason) => Err(Failed::from(reason)),
                Outcome::NotApplicable(reason) => Ok(Completion::ignored_with(reason)),
                _ => Ok(Completion::Completed),
            }
        };
        // Also where ignored tests are asked for: there is nothing to run, and nothing passed.
        let ignored = |why: String| {
            Trial::ignorable_test(format!("{name} ({why})"), || Ok(Completion::ignored()))
                .with_ignored_flag(true)
        };
        match entry.duty {
            Duty::Run(_) => Trial::ignorable_test(name, run),
            Duty::NotApplicable(reason) => ignored(format!("not applicable: {reason}")),
            Duty::WithKafka => ignored("with store-kafka".to_owned()),
        }
    }
}

fn reports(subjects: &[Subject], seed: u64, wanted: &[bool], mut lines: Lines) -> Vec<Report> {
    let partial = wanted.contains(&false);
    let report = |(number, subject): (usize, &Subject)| {
        let line = |(place, entry): (usize, &Entry)| {
            let outcome = lines.remove(&(0, number, place)).unwrap_or_else(|| excused(entry));
            Line::new(entry.id, entry.about, outcome)
        };
        let cases = catalogue().enumerate().filter(|(place, _)| wanted[*place]).map(line).collect();
        let abilities = Judge::new(seed).abilities(subject);
        let report = Report::new(subject.name().to_owned(), abilities, seed, cases);
        Report { partial, ..report }
    };
    subjects.iter().enumerate().map(report).collect()
}

fn write(folder: &Path, report: &Report) -> Result<()> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = report.subject.chars().map(plain).collect();
    fs::create_dir_all(folder)?;
    Ok(fs::write(folder.join(format!("{name}.json")), serde_json::to_vec_pretty(report)?)?)
}

#[cfg(test)]
mod tests {
    use super::{Lines, changes};
    use crate::{Outcome, Subject};

    #[test]
    fn what_differs_between_seeds_is_named() {
        let failed = || Outcome::Failed("at 7".to_owned());
        let subject =
            Subject::new("one", || async { Err::<crate::Wrapped, _>(anyhow::anyhow!("none")) });
        let mut lines = Lines::new();
        for (round, outcomes) in
            [[Outcome::Passed, failed()], [Outcome::Passed, failed()]].into_iter().enumerate()
        {
            for (place, outcome) in outcomes.into_iter().enumerate() {
                lines.insert((round, 0, place), outcome);
            }
        }
        let told = |lines: &Lines| changes(std::slice::from_ref(&subject), &[5, 6], lines);
        assert_eq!(told(&lines), [""; 0], "the same each time, if wrong");
        lines.insert((1, 0, 0), Outcome::PassedBy("7 kills".to_owned()));
        assert_eq!(told(&lines), [""; 0], "how much was tried may follow the seed");
        lines.insert((1, 0, 0), failed());
        let expected = "one::AD-01: seed 5: Passed, seed 6: Failed(\"at 7\")";
        assert_eq!(told(&lines), [expected]);
    }
}
