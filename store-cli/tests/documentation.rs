//! Runs the examples of `docs/shell.md`.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::{env, path::Path, process::Command};

use self::common::{database, replay, session};

const PAGE: &str = include_str!("../../docs/shell.md");

/// What stands in the code blocks of a language.
fn blocks(language: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = PAGE.split(&fence).skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

#[tokio::test]
async fn the_conversation_goes_as_documented() {
    let blocks = blocks("text");
    let sent = blocks.lines().filter(|line| line.starts_with("> ")).count();
    assert!(sent >= 20, "{sent} lines are sent");
    let compared = replay(&mut session(&database()), "docs/shell.md", &blocks).await;
    assert_eq!(compared, sent, "each has its reply");
}

#[test]
fn the_commands_print_what_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_store")).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([binaries].into_iter().chain(env::split_paths(&path))).unwrap();
    let blocks = blocks("console");
    let commands: Vec<_> = blocks.split("$ ").filter(|block| !block.is_empty()).collect();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let (line, expected) = command.split_once('\n').unwrap();
        let mut shell = Command::new("sh");
        let output = shell.args(["-c", line]).env("PATH", &path).current_dir(&folder).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{line}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{line}");
    }
}
