//! The benchmark runs, on few keys, and tells everything it promises. How fast is not asked here.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::Value;

const ROWS: [&str; 22] = [
    "get-uniform",
    "get-zipf",
    "get-missing",
    "get-hot",
    "get-concurrent",
    "get-zipf-concurrent",
    "range",
    "scan",
    "window-fetch",
    "versioned-as-of",
    "put",
    "update-zipf",
    "update-concurrent",
    "update-units",
    "update-uncommitted",
    "update-committing",
    "window-put",
    "session-merge",
    "session-merge-hot",
    "versioned-put",
    "versioned-put-new",
    "versioned-put-late",
];

/// Those that commit while the clock runs or right after: the last ones, from `put` on.
fn committing() -> impl Iterator<Item = &'static str> {
    ROWS.into_iter().skip_while(|row| *row != "put")
}

const TARGETS: [&str; 6] =
    ["memory", "embedded", "remote-0.1", "remote-0.5", "remote-2", "remote-redo"];

/// Runs the benchmark on few keys; gives what it prints.
fn bench(folder: &Path, more: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--keys", "400", "--rounds", "2", "--seconds", "0.002", "--batch", "10"])
        .args(["--set", "page_entries=100", "--dir"])
        .arg(folder)
        .arg("--json")
        .arg(folder.join("history.json"))
        .args(more)
        .env_remove("TEST_REDIS_URL")
        .env_remove("TEST_CASSANDRA_URL")
        .env_remove("TEST_ELASTICSEARCH_URL")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(run.stderr.is_empty(), "standard error is for terminals");
    String::from_utf8(run.stdout).unwrap()
}

/// The targets and rows that a line of the history has of us.
fn places(run: &Value) -> BTreeSet<(String, String)> {
    let results = run["results"].as_array().unwrap();
    let ours = results.iter().filter(|result| result["contender"] == "ours");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    ours.map(|at| (text(&at["target"]), text(&at["row"]))).collect()
}

#[test]
fn every_row_of_every_target_is_measured_and_printed() {
    let folder = tempfile::tempdir().unwrap();
    let text = bench(folder.path(), &[]);
    let (rates, parts) = text.split_once("freeze ms").unwrap();
    for (target, row) in TARGETS.iter().flat_map(|at| ROWS.iter().map(move |row| (at, row))) {
        let line = |line: &&str| {
            let mut words = line.split_whitespace().filter(|word| *word != "|");
            words.next() == Some(target) && words.next() == Some(row)
        };
        assert_eq!(rates.lines().filter(line).count(), 1, "{target} {row} in\n{text}");
        let commits = parts.lines().filter(line).count();
        let commits_at_all = committing().any(|other| other == *row);
        assert_eq!(commits == 1, commits_at_all, "{target} {row} in\n{text}");
    }
    bench(folder.path(), &["--targets", "memory", "--rows", "put,scan"]);

    let history = fs::read_to_string(folder.path().join("history.json")).unwrap();
    let runs: Vec<Value> =
        history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [all, few] = &runs[..] else { panic!("a line for each run, not {}", runs.len()) };
    assert_eq!(places(all).len(), TARGETS.len() * ROWS.len());
    let chosen = ["put", "scan"].map(|row| ("memory".to_owned(), row.to_owned()));
    assert_eq!(places(few), BTreeSet::from(chosen));
    for run in &runs {
        for result in run["results"].as_array().unwrap() {
            assert!(result["median"].as_f64().unwrap() > 0.0, "{result}");
            assert_eq!(result["rounds"].as_array().unwrap().len(), 2, "{result}");
        }
        assert_eq!(run["settings"]["keys"], 400);
        assert!(run["machine"]["cores"].as_u64().unwrap() > 0);
    }
    assert!(!all["goals"].as_array().unwrap().is_empty());
}

#[test]
fn what_makes_no_sense_is_refused() {
    for wrong in [
        ["--keys", "10"],
        ["--value", "8"],
        ["--rounds", "0"],
        ["--rows", "gets"],
        ["--targets", "disk"],
        ["--set", "no_such_setting=1"],
        ["--targets", "redis"],
        ["--targets", "cassandra"],
        ["--targets", "elastic"],
    ] {
        let run = Command::new(env!("CARGO_BIN_EXE_bench"))
            .args(["--keys", "400"])
            .args(wrong)
            .env_remove("TEST_REDIS_URL")
            .env_remove("TEST_CASSANDRA_URL")
            .env_remove("TEST_ELASTICSEARCH_URL")
            .output();
        assert!(!run.unwrap().status.success(), "{wrong:?}");
    }
}
