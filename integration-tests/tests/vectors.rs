//! The recorded answers of Kafka Streams' own stores, over the shell, whose protocol they are written in.
//!
//! The suite plays them on the stores themselves, on every backend.

use std::{fs, path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, ensure};
use integration_tests::{block_on, run};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use store_cli::shell::Session;
use store_core::{Database, EngineConfig, memory::MemoryBackend};

fn main() -> ExitCode {
    let trial = |(file, recorded): (String, String)| {
        Trial::test(file, move || block_on(async move { replay(&recorded).await }))
    };
    run(recorded().into_iter().map(trial).collect(), ())
}

/// The recorded conversations by name.
fn recorded() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store-conformance/vectors");
    let entries = fs::read_dir(folder).expect("the vectors are there");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("the file can be read"))
        })
        .collect();
    assert_eq!(files.len(), 30, "all recorded files are replayed");
    files.sort();
    files
}

async fn replay(recorded: &str) -> Result<()> {
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default())?;
    let mut shell = Session::new(database, "vectors", 0);
    let mut compared = 0;
    for (number, line) in (1..).zip(recorded.lines()) {
        let line: Value = serde_json::from_str(line)?;
        let (request, expected) = (&line["in"], &line["expect"]);
        let op = request["op"].as_str().unwrap_or_default();
        let reply: Value =
            serde_json::from_str(&shell.answer(request.to_string().as_bytes()).await)?;
        let answer = reply.get("ok").with_context(|| format!("line {number}: {reply}"))?;
        ensure!(
            comparable(op, answer) == comparable(op, expected),
            "line {number}: {request}\n{answer}\n{expected}"
        );
        compared += 1;
    }
    ensure!(compared > 250, "only {compared} answers were compared");
    Ok(())
}

/// An answer as it is compared: bytes in one spelling, and rows of several keys key by key, since only the order of one
/// key's rows is promised.
fn comparable(op: &str, answer: &Value) -> Value {
    let mut answer = spelled(answer);
    if let (
        "window_fetch_keys" | "window_fetch_all" | "window_all" | "session_find_keys",
        Some(rows),
    ) = (op, answer.as_array_mut())
    {
        // Stable: the rows of a key stay as they stand.
        rows.sort_by_key(|row| row[0]["hex"].as_str().map(str::to_owned));
    }
    answer
}

/// The same bytes in one spelling.
fn spelled(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "hex": hex::encode(text) }),
        Value::Array(values) => values.iter().map(spelled).collect(),
        other => other.clone(),
    }
}
