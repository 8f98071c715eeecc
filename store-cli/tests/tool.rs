//! The tool as a process: output, exit codes, pipes.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::tempdir;

fn store(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_store"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A tool that ended already does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn url(folder: &Path) -> String {
    format!("embedded:{}", folder.join("state").display())
}

const FILL: &str = r#"{"op":"open","stores":[{"name":"c","kind":"key_value"}]}
{"op":"put_all","store":"c","entries":[["a","1"],["b",{"hex":"ff"}],["c\n","3"]]}
{"op":"commit","offsets":{"s":3}}
{"op":"put","store":"c","key":"lost","value":"4"}
"#;

#[test]
fn a_task_is_filled_looked_at_and_destroyed() {
    let folder = tempdir().unwrap();
    let url = url(folder.path());
    let task = [&url[..], "--application", "app"];
    let run = |command: &str, more: &[&str]| {
        let output = store(&[&[command], &task[..], more].concat(), "");
        assert_eq!(text(&output.stderr), "", "{command}");
        assert!(output.status.success());
        text(&output.stdout).to_owned()
    };
    let filled = store(&[&["shell"], &task[..]].concat(), FILL);
    assert_eq!(text(&filled.stdout), "{\"ok\":null}\n".repeat(4));

    let tasks =
        "{\"partition\":0,\"epoch\":1,\"sequence\":1,\"offsets\":{\"s\":3},\"stores\":[\"c\"]}\n";
    let same = |a: &str, b: &str| {
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(a), parse(b));
    };
    same(&run("tasks", &[]), tasks);
    assert!(run("describe", &[]).contains("key_value, bytes to raw, about 3 entries"));
    assert_eq!(run("get", &["--store", "c", "a"]), "{\"value\":\"1\"}\n");
    assert_eq!(run("get", &["--store", "c", "hex:62"]), "{\"value\":{\"hex\":\"ff\"}}\n");
    let scan = run("scan", &["--store", "c", "--reverse", "--limit", "2"]);
    assert_eq!(scan.lines().count(), 2);
    assert!(scan.starts_with("{\"key\":\"c\\n\""));
    assert_eq!(run("scan", &["--store", "c", "--prefix", "a"]).lines().count(), 1);

    let refused = store(&[&["destroy"], &task[..]].concat(), "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("--yes"));
    let destroyed = store(&[&["destroy"], &task[..], &["--yes"]].concat(), "");
    assert!(destroyed.status.success());
    assert_eq!(run("tasks", &[]), "");
}

#[test]
fn exit_codes_and_one_line_errors() {
    let folder = tempdir().unwrap();
    let url = url(folder.path());
    for (arguments, code, hint) in [
        (&["tasks", "nowhere:x", "--application", "app"][..], 1, "scheme"),
        (&["tasks", &url, "--application", "a/b"], 1, "name"),
        (&["describe", &url, "--application", "app"], 1, "no task app/0"),
        (&["get", &url, "--application", "app", "--store", "c", "k"], 1, "no task"),
        (&["get", &url, "--application", "app", "--store", "c", "hex:0"], 2, "hex"),
        (&["tasks"], 2, "required"),
        (&["frobnicate"], 2, "frobnicate"),
    ] {
        let output = store(arguments, "");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(text(&output.stderr).to_lowercase().contains(hint), "{}", text(&output.stderr));
        if code == 1 {
            assert_eq!(text(&output.stderr).lines().count(), 1);
        }
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = tempdir().unwrap();
    let url = url(folder.path());
    let entries: Vec<_> = (0..20_000).map(|n| format!("[\"{n}\",\"{n}\"]")).collect();
    let fill = format!(
        "{}\n{{\"op\":\"put_all\",\"store\":\"c\",\"entries\":[{}]}}\n{{\"op\":\"commit\"}}\n",
        FILL.lines().next().unwrap(),
        entries.join(",")
    );
    assert!(store(&["shell", &url, "--application", "app"], &fill).status.success());
    let command = format!(
        "set -o pipefail; {} scan {url} --application app --store c | head -n 1",
        env!("CARGO_BIN_EXE_store")
    );
    let output = Command::new("bash").args(["-c", &command]).output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
}
