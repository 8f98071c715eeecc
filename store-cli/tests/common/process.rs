//! The binary, run to its end.

use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) fn store(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_store"));
    command.args(arguments).stdin(Stdio::null()).env_remove("STORE_URL");
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    store(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What a command that must succeed prints.
pub(crate) fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    text(&output.stdout).to_owned()
}

/// The one line of standard error of a command that must fail so.
pub(crate) fn refused(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    stderr.to_owned()
}

pub(crate) fn url(folder: &TempDir) -> String {
    format!("embedded:{}", folder.path().join("state").display())
}
