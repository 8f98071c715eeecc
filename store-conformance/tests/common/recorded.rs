//! Broken stores, and the record of which cases caught them.
//!
//! Each is held to the cases that caught it when the record was written, and to the others if none of those does.
//! `CAUGHT=write` holds each to all cases and writes the record anew.

use std::{
    collections::BTreeMap,
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

/// Runs a test for each; `during` is called before and after.
pub(crate) fn run(
    file: &str,
    not_yet: &'static [&str],
    all: Vec<Broken>,
    during: fn(&Broken, bool),
    arguments: &Arguments,
) -> ExitCode {
    // Failing is what these stores are for.
    panic::set_hook(Box::new(|_| ()));
    let write = env::var("CAUGHT").is_ok_and(|what| what == "write");
    let recorded: Vec<Caught> = fs::read_to_string(file)
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
                let by: Vec<_> = catches(&broken).map(|entry| entry.id.to_owned()).collect();
                found.lock().unwrap().insert(broken.name, by);
                Ok(())
            } else {
                caught(&broken, recorded.get(broken.name), not_yet)
            };
            during(&broken, false);
            result
        }));
    }
    let conclusion = libtest_mimic::run(arguments, trials);
    let mut found = found.lock().unwrap();
    assert!(!write || found.len() == told.len(), "two faults have one name, or not all were run");
    if write {
        let line = |(name, about): (&str, &str)| {
            let by = found.remove(name).unwrap_or_default();
            Caught::new(name.to_owned(), about.to_owned(), by)
        };
        let lines: Vec<_> = told.into_iter().map(line).collect();
        fs::write(file, serde_json::to_string_pretty(&lines).unwrap() + "\n").unwrap();
    }
    conclusion.exit_code()
}

/// The cases that notice, one after the other.
fn catches(broken: &Broken) -> impl Iterator<Item = &'static Entry> {
    let judge = Judge::new(0).with_patience(broken.patience);
    let entries: Vec<_> = judge.entries().collect();
    entries.into_iter().filter(move |entry| fails(&judge, broken, entry))
}

fn fails(judge: &Judge, broken: &Broken, entry: &Entry) -> bool {
    matches!(judge.outcome(&broken.subject, entry), Outcome::Failed(_))
}

/// How often the recorded cases are run until one notices.
const RACES: usize = 20;

fn caught(broken: &Broken, recorded: Option<&Vec<String>>, not_yet: &[&str]) -> Result<(), Failed> {
    let judge = Judge::new(0).with_patience(broken.patience);
    let recorded = recorded.ok_or("it is not in the record: write that anew by CAUGHT=write")?;
    let not_yet = not_yet.contains(&broken.name);
    if not_yet != recorded.is_empty() {
        return Err("NOT_CAUGHT_YET and the record say different things".into());
    }
    let known = judge.entries().filter(|entry| recorded.iter().any(|id| id == entry.id));
    let known: Vec<_> = known.collect();
    // A fault that shows under races alone is given a few of them.
    if (0..RACES).any(|_| known.iter().any(|entry| fails(&judge, broken, entry))) {
        return Ok(());
    }
    match (catches(broken).next(), not_yet) {
        (None, true) => Ok(()),
        (None, false) => Err("no case notices".into()),
        (Some(entry), _) => {
            Err(format!("{} notices: write the record anew by CAUGHT=write", entry.id).into())
        }
    }
}
