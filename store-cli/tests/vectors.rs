//! Replays what Kafka Streams' own stores answered, in memory; `integration-tests` does so on every backend.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::{fs, path::PathBuf};

use serde_json::Value;
use store::Database;

use self::common::{ask, database, session, spelled};

struct Vector {
    name: String,
    lines: Vec<Line>,
}

#[derive(serde::Deserialize)]
struct Line {
    r#in: Value,
    expect: Value,
}

impl Line {
    /// What is expected, without rows of a prefix scan that do not start with the prefix.
    ///
    /// Kafka's in-memory store ends a prefix scan at the prefix counted up as a number: `00ff` ends before `0100`, and
    /// so key `01` is listed too (once, in `key_value-1.jsonl`).
    fn expected(&self) -> Value {
        let mut expected = spelled(&self.expect);
        if self.r#in["op"] == "prefix" {
            let prefix = spelled(&self.r#in["prefix"])["hex"].as_str().unwrap().to_owned();
            let starts = |row: &Value| row[0]["hex"].as_str().unwrap().starts_with(&prefix);
            expected.as_array_mut().unwrap().retain(starts);
        }
        expected
    }
}

/// What is done at each commit of the recording.
#[derive(Clone, Copy)]
enum Commits {
    AsRecorded,
    LeftOut,
    WithReopen,
}

fn vectors() -> Vec<Vector> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../integration-tests/vectors");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mine = files.filter(|file| file.file_name().to_string_lossy().starts_with("key_value-"));
    let read = |file: fs::DirEntry| Vector {
        name: file.file_name().to_string_lossy().into_owned(),
        lines: fs::read_to_string(file.path())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    };
    mine.map(read).collect()
}

async fn replay(vector: &Vector, commits: Commits, database: &Database) {
    let mut session = session(database);
    let open = vector.lines[0].r#in.to_string();
    for (number, line) in (1..).zip(&vector.lines) {
        let is_commit = line.r#in["op"] == "commit";
        if is_commit && matches!(commits, Commits::LeftOut) {
            continue;
        }
        let reply = ask(&mut session, &line.r#in.to_string()).await;
        let ok = reply.get("ok").unwrap_or_else(|| panic!("{}:{number} {reply}", vector.name));
        assert_eq!(spelled(ok), line.expected(), "{}:{number}", vector.name);
        if is_commit && matches!(commits, Commits::WithReopen) {
            ask(&mut session, r#"{"op":"close"}"#).await;
            assert_eq!(ask(&mut session, &open).await["ok"], Value::Null);
        }
    }
}

#[tokio::test]
async fn key_value_stores_answer_as_recorded_whatever_is_committed() {
    let vectors = vectors();
    assert!(vectors.len() >= 6, "the recordings are there");
    for vector in &vectors {
        for commits in [Commits::AsRecorded, Commits::LeftOut, Commits::WithReopen] {
            replay(vector, commits, &database()).await;
        }
    }
}
