//! What the suite cannot know: the death of a process, two processes, and files that are not ours.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use bytes::Bytes;
use futures::FutureExt;
use rusqlite::Connection;
use sqlite_backend::{SqliteBackend, SqliteConfig};
use store_conformance::waist::{MAP, Owner, all, task};
use store_core::{
    ErrorKind, Result,
    backend::{Backend, MapId},
};
use tempfile::tempdir;

async fn open(path: &Path) -> Result<SqliteBackend> {
    SqliteBackend::open(path, SqliteConfig::default()).await
}

async fn refusal(path: &Path) -> ErrorKind {
    open(path).await.unwrap_err().kind()
}

fn child(path: &Path) -> (Child, std::io::Lines<BufReader<ChildStdout>>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commit_forever"));
    let mut child = command.arg(path).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// Claims the task; all keys of both maps must be of the commit it is at.
async fn claimed_whole(path: &Path) -> Owner {
    let backend: Arc<dyn Backend> = Arc::new(open(path).await.unwrap());
    let owner = Owner::claim(&backend, &task(0)).await.unwrap();
    let number = Bytes::copy_from_slice(&owner.checkpoint.sequence.to_be_bytes());
    for map in [MAP, MapId::segment(1, 7)] {
        let found = all(owner.reader(), map).await.unwrap();
        assert_eq!(found.len(), 10);
        assert!(found.values().all(|value| *value == number), "half a commit");
    }
    owner
}

#[tokio::test]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut last = 0;
    for round in 0..8_usize {
        let (mut child, mut lines) = child(&path);
        let mut acknowledged = lines.by_ref().take(1 + 7 * round).last().unwrap().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(line) = lines.last() {
            acknowledged = line.unwrap();
        }
        let acknowledged: u64 = acknowledged.parse().unwrap();
        assert!(acknowledged > last, "round {round} went on from an older commit");
        last = claimed_whole(&path).await.checkpoint.sequence;
        // The one that was on its way may be in, too.
        assert!([acknowledged, acknowledged + 1].contains(&last), "{acknowledged}, now {last}");
    }
}

#[tokio::test]
async fn a_later_process_fences_an_earlier_one() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut child, mut lines) = child(&path);
    lines.next().unwrap().unwrap();
    let owner = claimed_whole(&path).await;
    assert_eq!(lines.last().unwrap().unwrap(), ErrorKind::Fenced.to_string());
    child.wait().unwrap();
    assert_eq!(claimed_whole(&path).await.checkpoint, owner.checkpoint);
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("theirs.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(refusal(&path).await, ErrorKind::Config);
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::write(&path, "no database at all".repeat(100)).unwrap();
    assert_eq!(refusal(&path).await, ErrorKind::Config);
    assert_eq!(refusal(&folder.path().join("missing/state.db")).await, ErrorKind::Config);
}

#[tokio::test]
async fn a_newer_layout_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("state.db");
    drop(open(&path).await.unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert_eq!(refusal(&path).await, ErrorKind::SchemaMismatch);
}

#[tokio::test]
async fn who_waits_too_long_for_another_writer_may_try_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut config = SqliteConfig::default();
    config.timeout_ms = 1;
    let backend = SqliteBackend::open(&path, config).await.unwrap();
    let mut other = Connection::open(&path).unwrap();
    let _writes =
        other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let error = backend.destroy(&task(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.is_retryable());
}

#[test]
fn without_a_runtime_it_says_so() {
    let opened = open(Path::new("nowhere")).now_or_never().unwrap();
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::Config);
}
