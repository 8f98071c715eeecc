//! The binary as a program sees it: exit codes, both streams, and what another process may see.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use store::KeyValue;
use tempfile::{TempDir, tempdir};

use self::common::process::{printed, refused, run, store, text, url};

const OPEN: &str = r#"{"op":"open","stores":[{"name":"c","kind":"key_value"}]}"#;

/// A conversation with the shell.
struct Shell {
    process: Child,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Shell {
    fn start(url: &str) -> Self {
        let mut command = store(&["shell", url, "--application", "a", "--partition", "0"]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let requests = process.stdin.take();
        let replies = BufReader::new(process.stdout.take().unwrap());
        Self { process, requests, replies }
    }

    /// Sends one line and waits for its reply: each is flushed.
    fn ask(&mut self, line: &str) -> String {
        writeln!(self.requests.as_mut().unwrap(), "{line}").unwrap();
        let mut reply = String::new();
        self.replies.read_line(&mut reply).unwrap();
        reply.trim_end().to_owned()
    }

    /// Ends the input; gives the exit code and what was still printed.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.requests.take());
        let mut rest = String::new();
        self.replies.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().code(), rest)
    }
}

/// A store with keys of a kind, in a state of its own, given free again.
fn filled<K: store::codec::Key>(keys: impl IntoIterator<Item = K>) -> TempDir {
    let folder = tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = store::connect(&url(&folder)).await.unwrap();
        let definition = KeyValue::<K, u64>::new("c");
        let task = database.task("a", 0).store(&definition).open().await.unwrap();
        let counts = task.store(&definition).unwrap();
        for (key, number) in keys.into_iter().zip(0..) {
            counts.put(&key, &number).await.unwrap();
        }
        task.commit([("t-0", 7)]).await.unwrap();
        task.close().await.unwrap();
    });
    folder
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["tasks"],
        &["tasks", "memory:"],
        &["tasks", "memory:", "--application", "a/b"],
        &["shell", "memory:", "--application", "a"],
        &["shell", "memory:", "--application", "a", "--partition", "-1"],
        &["scan", "memory:", "-a", "a", "-p", "0", "-s", "c", "--prefix", "x", "--from", "y"],
    ] {
        assert_ne!(refused(arguments, 2), "", "{arguments:?}");
    }
    for (wrong, said) in [
        ("nonsense", "scheme"),
        ("opensearch+ftp://user:SECRET@host", "opensearch"),
        ("nonsens://user:SECRET@host", "not known"),
        ("memory:?page_entrie=1", "did you mean page_entries?"),
    ] {
        for command in [
            &["tasks", wrong, "-a", "a"][..],
            &["shell", wrong, "-a", "a", "-p", "0"],
            &["destroy", wrong, "-a", "a", "-p", "0", "--yes"],
        ] {
            let error = refused(command, 2);
            assert!(error.starts_with("error: ") && error.contains(said), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}

#[test]
fn a_failed_operation_is_exit_code_1_and_one_line() {
    let folder = filled(["k".to_owned()]);
    let url = url(&folder);
    let nowhere = format!("{url}-typo");
    for (arguments, said) in [
        (&["tasks", &nowhere, "-a", "a"][..], "there is no directory"),
        (&["describe", &url, "-a", "a", "-p", "1"], "there is no task a/1"),
        (&["get", &url, "-a", "a", "-p", "1", "-s", "c", "k"], "there is no task a/1"),
        (&["get", &url, "-a", "a", "-p", "0", "-s", "d", "k"], "no store \"d\""),
        (&["get", &url, "-a", "a", "-p", "0", "-s", "c", "hex:0"], "hexadecimal digits: "),
        (&["destroy", &url, "-a", "b", "-p", "0", "--yes"], "there is no task b/0"),
    ] {
        let error = refused(arguments, 1);
        assert!(error.starts_with("error: ") && error.contains(said), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert!(!Path::new(&nowhere["embedded:".len()..]).exists(), "looking makes no state");
}

#[test]
fn tasks_and_stores_are_shown_as_json_lines() {
    let folder = filled(["b", "a", "hex:00", "\u{1}"].map(str::to_owned));
    let url = url(&folder);
    assert_eq!(
        printed(&["tasks", &url, "--application", "a"]),
        "{\"application\":\"a\",\"partition\":0,\"epoch\":1,\"sequence\":1,\
         \"offsets\":{\"t-0\":7},\"stores\":[\"c\"]}\n"
    );
    assert_eq!(printed(&["tasks", &url, "-a", "b", "--json"]), "");
    assert_eq!(
        printed(&["describe", &url, "-a", "a", "-p", "0"]),
        "{\"application\":\"a\",\"partition\":0,\"epoch\":1,\"sequence\":1,\"offsets\":{\"t-0\":7},\
         \"ahead\":{},\"stores\":[{\"number\":1,\"name\":\"c\",\"kind\":\"key_value\",\
         \"key_codec\":\"string\",\"value_codec\":\"json\",\"layout\":1,\"stream_time\":null,\
         \"segments\":0,\"approximate_len\":4}]}\n"
    );
    let get = |key| printed(&["get", &url, "-a", "a", "-p", "0", "-s", "c", key]);
    assert_eq!(get("a"), "{\"key\":\"a\",\"value\":1}\n");
    assert_eq!(get("hex:62"), "{\"key\":\"b\",\"value\":0}\n");
    assert_eq!(get("text:hex:00"), "{\"key\":\"hex:00\",\"value\":2}\n");

    let scan = |options: &[&str]| {
        let scan = ["scan", &url, "-a", "a", "-p", "0", "-s", "c"];
        printed(&[&scan, options].concat())
    };
    assert_eq!(
        scan(&[]),
        "{\"key\":\"\\u0001\",\"value\":3}\n{\"key\":\"a\",\"value\":1}\n\
         {\"key\":\"b\",\"value\":0}\n{\"key\":\"hex:00\",\"value\":2}\n"
    );
    assert_eq!(scan(&["--prefix", "he"]), "{\"key\":\"hex:00\",\"value\":2}\n");
    assert_eq!(scan(&["--from", "b", "--limit", "1"]), "{\"key\":\"b\",\"value\":0}\n");
    assert_eq!(scan(&["--to", "a", "--reverse", "-l", "1"]), "{\"key\":\"a\",\"value\":1}\n");
    assert_eq!(scan(&["--from", "b", "--to", "a"]), "");
    let epoch = printed(&["tasks", &url, "-a", "a"]);
    assert!(epoch.contains("\"epoch\":1"), "looking claims nothing: {epoch}");
}

#[test]
fn keys_of_numbers_are_given_and_shown_as_numbers() {
    let folder = filled([-5_i64, 0, 300]);
    let url = url(&folder);
    let scan = |options: &[&str]| {
        let scan = ["scan", &url, "-a", "a", "-p", "0", "-s", "c"];
        printed(&[&scan, options].concat())
    };
    assert_eq!(
        scan(&["--from=-5", "--to=0"]),
        "{\"key\":-5,\"value\":0}\n{\"key\":0,\"value\":1}\n"
    );
    assert_eq!(scan(&["--prefix", "hex:7f"]), "{\"key\":-5,\"value\":0}\n");
    let error = refused(&["get", &url, "-a", "a", "-p", "0", "-s", "c", "x"], 1);
    assert!(error.contains("must be a number of type i64: invalid digit"), "{error}");
    let error = refused(&["scan", &url, "-a", "a", "-p", "0", "-s", "c", "--prefix", "1"], 1);
    assert!(error.contains("prefix of keys of type i64 is given as hex:"), "{error}");
}

#[test]
fn the_shell_answers_line_by_line_and_keeps_what_is_committed() {
    let folder = tempdir().unwrap();
    let mut shell = Shell::start(&url(&folder));
    assert_eq!(shell.ask(OPEN), r#"{"ok":null}"#);
    assert!(shell.ask("nonsense").starts_with(r#"{"error":{"kind":"InvalidArgument""#));
    assert_eq!(shell.ask(r#"{"op":"put","store":"c","key":"a","value":"1"}"#), r#"{"ok":null}"#);
    assert_eq!(shell.ask(r#"{"op":"commit","offsets":{"t-0":1}}"#), r#"{"ok":null}"#);
    assert_eq!(shell.ask(r#"{"op":"put","store":"c","key":"b","value":"2"}"#), r#"{"ok":null}"#);
    assert_eq!(shell.end(), (Some(0), String::new()));

    let mut shell = Shell::start(&url(&folder));
    assert_eq!(shell.ask(OPEN), r#"{"ok":null}"#);
    assert_eq!(shell.ask(r#"{"op":"range","store":"c"}"#), r#"{"ok":[["a","1"]]}"#);
    let checkpoint = r#"{"ok":{"sequence":1,"offsets":{"t-0":1}}}"#;
    assert_eq!(shell.ask(r#"{"op":"checkpoint"}"#), checkpoint);
    shell.process.kill().unwrap();
    shell.process.wait().unwrap();

    let scan = printed(&["scan", &url(&folder), "-a", "a", "-p", "0", "-s", "c"]);
    assert_eq!(scan, "{\"key\":\"a\",\"value\":\"1\"}\n");
}

#[test]
fn a_state_in_use_is_locked_until_its_process_ends() {
    let folder = tempdir().unwrap();
    let url = url(&folder);
    let mut first = Shell::start(&url);
    assert_eq!(first.ask(OPEN), r#"{"ok":null}"#);
    let error = refused(&["tasks", &url, "-a", "a"], 1);
    assert!(error.contains("in use by another process"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");

    let mut second = Shell::start(&url);
    let locked = second.ask(OPEN);
    let start = r#"{"error":{"kind":"Locked","retryable":true,"effect":"not_applied","message":""#;
    assert!(locked.starts_with(start), "{locked}");
    assert_eq!(first.end().0, Some(0));
    assert_eq!(second.ask(OPEN), r#"{"ok":null}"#, "open connects again");
    assert_eq!(second.end().0, Some(0));
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let foreign = format!("embedded:{}", folder.path().display());
    let error = refused(&["tasks", &foreign, "-a", "a"], 1);
    assert!(error.contains("holds no state"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn destroy_asks_or_is_told_and_removes_one_task() {
    let folder = filled(["k".to_owned()]);
    let url = url(&folder);
    let error = refused(&["destroy", &url, "-a", "a", "-p", "0"], 2);
    assert!(error.contains("--yes"), "{error}");
    assert_ne!(printed(&["tasks", &url, "-a", "a"]), "");
    let output = run(&["destroy", &url, "-a", "a", "-p", "0", "--yes"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("", "task a/0 is destroyed\n"));
    assert_eq!(printed(&["tasks", &url, "-a", "a"]), "");
    refused(&["destroy", &url, "-a", "a", "-p", "0", "--yes"], 1);
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let folder = filled((0..20_000_u32).map(|number| format!("a key that fills a pipe {number}")));
    let url = url(&folder);
    let mut scan = store(&["scan", &url, "-a", "a", "-p", "0", "-s", "c"]);
    let mut scan = scan.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(scan.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"key\""));
    let output = scan.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));

    let mut shell = Shell::start("memory:");
    assert_eq!(shell.ask(OPEN), r#"{"ok":null}"#);
    let Shell { mut process, requests, replies } = shell;
    drop(replies);
    // The shell may be gone before it has read all of this.
    let _ = requests.unwrap().write_all(OPEN.repeat(10).as_bytes());
    let mut stderr = String::new();
    process.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((process.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}
