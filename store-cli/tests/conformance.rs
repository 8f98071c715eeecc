//! `store conformance`: the suite on a URL.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "common/process.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod process;

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use self::process::{printed, refused, url};

#[test]
fn a_backend_that_holds_is_exit_code_0_and_a_report() {
    let report = printed(&["conformance", "memory:", "--only", "AD-1", "--seed", "7"]);
    assert_eq!(report.lines().count(), 1);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["subject"], &report["seed"]), (&"memory".into(), &7.into()));
    assert_eq!(report["abilities"]["exact_len"], true);
    let cases = report["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    assert!(cases.iter().all(|case| case["outcome"] == "passed"), "{cases:?}");
}

#[test]
fn cases_on_disk_leave_nothing_and_touch_nothing() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("state")).unwrap();
    fs::write(folder.path().join("state/mine"), "").unwrap();
    printed(&["conformance", &url(&folder), "--only", "AD-19"]);
    let left: Vec<_> = fs::read_dir(folder.path().join("state")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn wrong_usage_and_what_cannot_be_opened_are_told_once() {
    let error = refused(&["conformance", "memory:", "--only", "XY-"], 2);
    assert_eq!(error, "error: no case starts with XY-\n");
    assert!(refused(&["conformance", "nonsense"], 2).contains("scheme"));
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("state"), "no folder").unwrap();
    let error = refused(&["conformance", &url(&folder)], 1);
    assert_eq!(error.lines().count(), 1, "{error}");
}
