//! Broken stores, and the record of which cases caught them.
//!
//! Each is held to the cases that caught it when the record was written, and every one of those must notice again; what none
//! is known to catch is held to all. `CAUGHT=write` holds each to all cases and writes the record anew; with a filter only
//! what it names. In stores of another kind than the record is of, one case that notices is enough: some do not apply there.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs, panic,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use libtest_mimic::{Arguments, Failed, Trial};
use store_conformance::{Entry, Judge, Outcome, Subject, render::Caught};

/// A store with one fault.
pub(crate) struct Broken {
    pub(crate) name: &'static str,
    /// What is broken.
    pub(crate) about: &'static str,
    pub(crate) subject: Subject,
    /// How long a case may take: short where a fault makes cases wait for ever.
    pub(crate) patience: Duration,
}

impl Broken {
    fn judge(&self) -> Judge {
        Judge::new(0).with_patience(self.patience)
    }
}

/// What they are held to.
pub(crate) struct Held {
    /// Where the record is.
    pub(crate) file: &'static str,
    /// Those of which no case speaks yet.
    pub(crate) not_yet: &'static [&'static str],
    /// The stores are of another kind than those that the record is of.
    pub(crate) elsewhere: bool,
}

/// Runs a test for each; `during` is called before and after.
pub(crate) fn run(
    held: &'static Held,
    all: Vec<Broken>,
    during: fn(&Broken, bool),
    arguments: &Arguments,
) -> ExitCode {
    // Failing is what these stores are for.
    panic::set_hook(Box::new(|_| ()));
    let write = !held.elsewhere && env::var("CAUGHT").is_ok_and(|what| what == "write");
    let recorded: Vec<Caught> = fs::read_to_string(held.file)
        .map(|text| serde_json::from_str(&text).unwrap())
        .unwrap_or_default();
    let recorded: Arc<BTreeMap<_, _>> =
        Arc::new(recorded.into_iter().map(|caught| (caught.fault.clone(), caught.by)).collect());
    let told: Vec<_> = all.iter().map(|broken| (broken.name, broken.about)).collect();
    let found = Arc::new(Mutex::new(BTreeMap::new()));
    let mut trials = Vec::new();
    for broken in all {
        let (recorded, found) = (recorded.clone(), found.clone());
        let name = format!("{}: {}", broken.name, broken.about);
        trials.push(Trial::test(name, move || {
            during(&broken, true);
            let result = if write {
                let by = to_record(&broken);
                found.lock().unwrap().insert(broken.name, by);
                Ok(())
            } else {
                caught(&broken, recorded.get(broken.name), held)
            };
            during(&broken, false);
            result
        }));
    }
    let conclusion = libtest_mimic::run(arguments, trials);
    let mut found = found.lock().unwrap();
    let names: BTreeSet<_> = told.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), told.len(), "two faults have one name");
    if write {
        let line = |(name, about): (&str, &str)| {
            let by = found.remove(name).or_else(|| recorded.get(name).cloned()).unwrap_or_default();
            Caught::new(name.to_owned(), about.to_owned(), by)
        };
        let lines: Vec<_> = told.into_iter().map(line).collect();
        fs::write(held.file, serde_json::to_string_pretty(&lines).unwrap() + "\n").unwrap();
    }
    conclusion.exit_code()
}

/// The cases that notice, one after the other.
fn catches(broken: &Broken) -> impl Iterator<Item = &'static Entry> {
    let judge = broken.judge();
    let entries: Vec<_> = judge.entries().collect();
    entries.into_iter().filter(move |entry| fails(&judge, broken, entry))
}

fn fails(judge: &Judge, broken: &Broken, entry: &Entry) -> bool {
    matches!(judge.outcome(&broken.subject, entry), Outcome::Failed(_))
}

/// How often a case is run to be recorded, and how often it must notice: a fault may show under races alone.
const TRIES: usize = 8;
const STEADY: usize = 4;

/// How often a recorded case is run until it notices. One that is recorded, and so notices half the time, fails to within
/// so many once in a million times.
const RACES: usize = 20;

/// The cases that are recorded: those that notice steadily, or where none does, all that notice.
fn to_record(broken: &Broken) -> Vec<String> {
    let judge = broken.judge();
    let noticed: Vec<_> = catches(broken).collect();
    let steady = |entry: &&&Entry| {
        let again = || fails(&judge, broken, entry);
        again() && again() || (0..TRIES).filter(|_| again()).count() >= STEADY
    };
    let steady: Vec<_> = noticed.iter().filter(steady).copied().collect();
    let recorded = if steady.is_empty() { noticed } else { steady };
    recorded.into_iter().map(|entry| entry.id.to_owned()).collect()
}

/// Each recorded case notices still; elsewhere one of them does, or one of all.
fn caught(broken: &Broken, recorded: Option<&Vec<String>>, held: &Held) -> Result<(), Failed> {
    let recorded = recorded.ok_or("it is not in the record: write that anew by CAUGHT=write")?;
    if held.not_yet.contains(&broken.name) != recorded.is_empty() {
        return Err("the list of what is not caught and the record say different things".into());
    }
    let judge = broken.judge();
    let notices = |id: &String| {
        let entry = judge.entries().find(|entry| entry.id == id);
        entry.is_some_and(|entry| (0..RACES).any(|_| fails(&judge, broken, entry)))
    };
    if held.elsewhere {
        let noticed = recorded.iter().any(notices) || catches(broken).next().is_some();
        return if noticed { Ok(()) } else { Err("no case notices".into()) };
    }
    let blind: Vec<_> = recorded.iter().filter(|id| !notices(id)).map(|id| &**id).collect();
    if !blind.is_empty() {
        let blind = blind.join(", ");
        return Err(format!("recorded, and no longer notice: {blind}; find out why").into());
    }
    match recorded.is_empty().then(|| catches(broken).next()).flatten() {
        Some(entry) => {
            Err(format!("{} notices: write the record anew by CAUGHT=write", entry.id).into())
        }
        None => Ok(()),
    }
}
