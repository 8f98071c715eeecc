//! The suite is tested: each store with one fault must fail a case.
//!
//! Each is held to the cases that caught it when `caught.json` was written, and to the others if none of those does.
//! `CAUGHT=write` holds each to all cases and writes the file anew.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod altered;
mod fault;
mod faults;
mod store;

use std::{
    collections::BTreeMap,
    env, fs, panic,
    process::ExitCode,
    sync::{Arc, Mutex},
};

use libtest_mimic::{Arguments, Failed, Trial};
use store_conformance::{Entry, Judge, Outcome, render::Caught};
use store_core::backend::MapId;

use self::faults::{Broken, all};

/// Which value of which map.
type Key = (MapId, bytes::Bytes);

/// Faults of which no case speaks yet.
const NOT_CAUGHT_YET: &[&str] = &[];

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken/caught.json");

fn main() -> ExitCode {
    // Failing is what these stores are for.
    panic::set_hook(Box::new(|_| ()));
    let write = env::var("CAUGHT").is_ok_and(|what| what == "write");
    let recorded: Vec<Caught> = fs::read_to_string(FILE)
        .map(|text| serde_json::from_str(&text).unwrap())
        .unwrap_or_default();
    let recorded: Arc<BTreeMap<_, _>> =
        Arc::new(recorded.into_iter().map(|caught| (caught.fault.clone(), caught.by)).collect());
    let found = Arc::new(Mutex::new(BTreeMap::new()));
    let mut trials = vec![Trial::test("every_fault_is_named_once", names)];
    for broken in all() {
        let (recorded, found) = (recorded.clone(), found.clone());
        let name = format!("{}: {}", broken.name, broken.about);
        trials.push(Trial::test(name, move || {
            if write {
                let by: Vec<_> = catches(&broken).map(|entry| entry.id.to_owned()).collect();
                found.lock().unwrap().insert(broken.name, by);
                return Ok(());
            }
            caught(&broken, recorded.get(broken.name))
        }));
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    let found = found.lock().unwrap();
    if write && found.len() == all().len() {
        let line = |broken: Broken| {
            let by = found[broken.name].clone();
            Caught::new(broken.name.to_owned(), broken.about.to_owned(), by)
        };
        let lines: Vec<_> = all().into_iter().map(line).collect();
        fs::write(FILE, serde_json::to_string_pretty(&lines).unwrap() + "\n").unwrap();
    }
    conclusion.exit_code()
}

fn names() -> Result<(), Failed> {
    let mut names: Vec<_> = all().iter().map(|broken| broken.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    Ok(())
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

fn caught(broken: &Broken, recorded: Option<&Vec<String>>) -> Result<(), Failed> {
    let judge = Judge::new(0).with_patience(broken.patience);
    let recorded = recorded.ok_or("it is not in caught.json: write that anew by CAUGHT=write")?;
    let not_yet = NOT_CAUGHT_YET.contains(&broken.name);
    if not_yet != recorded.is_empty() {
        return Err("NOT_CAUGHT_YET and caught.json say different things".into());
    }
    let known = judge.entries().filter(|entry| recorded.iter().any(|id| id == entry.id));
    let mut known = known.collect::<Vec<_>>().into_iter();
    if known.any(|entry| fails(&judge, broken, entry)) {
        return Ok(());
    }
    match (catches(broken).next(), not_yet) {
        (None, true) => Ok(()),
        (None, false) => Err("no case notices".into()),
        (Some(entry), _) => {
            Err(format!("{} notices: write caught.json anew by CAUGHT=write", entry.id).into())
        }
    }
}
