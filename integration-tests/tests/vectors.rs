//! The recorded answers of Kafka Streams' own stores, on every backend.

#[path = "vectors/mod.rs"]
mod answers;

use std::{fs, path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, ensure};
use integration_tests::{Place, RedisServer, Sort, block_on, run};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use store_cli::shell::Session;

use self::answers::{rows::comparable, zombie::write_and_read};

/// How a recorded conversation is replayed; the answers stay the same.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    AsRecorded,
    CommitAfterEach,
    ReopenAfterCommit,
    TakeOverAfterCommit,
    /// Segments so short that most reads touch several; opened again after each commit, so that they are read back.
    SmallSegments,
}

const MODES: [Mode; 5] = [
    Mode::AsRecorded,
    Mode::CommitAfterEach,
    Mode::ReopenAfterCommit,
    Mode::TakeOverAfterCommit,
    Mode::SmallSegments,
];

fn main() -> ExitCode {
    let redis = Arc::new(RedisServer::start().expect("a Redis server is needed"));
    let mut trials = Vec::new();
    for (file, recorded) in recorded() {
        let recorded = Arc::new(recorded);
        for (sort, mode) in Sort::ALL.iter().flat_map(|sort| MODES.map(|mode| (*sort, mode))) {
            if mode == Mode::SmallSegments && file.starts_with("key_value") {
                continue;
            }
            let (redis, recorded) = (redis.clone(), recorded.clone());
            let name = format!("{sort}::{file}::{mode:?}");
            let trial = move || block_on(replay(Place::fresh(sort, &redis)?, mode, &recorded));
            trials.push(Trial::test(name, trial));
        }
    }
    run(trials, redis)
}

/// The recorded conversations by name.
fn recorded() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
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

async fn session(place: &Place) -> Result<Session> {
    Ok(Session::new(place.database().await?, "vectors", 0))
}

async fn ask(session: &mut Session, request: &Value) -> Result<Value> {
    Ok(serde_json::from_str(&session.answer(request.to_string().as_bytes()).await)?)
}

async fn replay(place: Place, mode: Mode, recorded: &str) -> Result<()> {
    let mut shell = session(&place).await?;
    let (mut open, mut compared) = (Value::Null, 0);
    for (number, line) in (1..).zip(recorded.lines()) {
        let mut line: Value = serde_json::from_str(line)?;
        let op = line["in"]["op"].as_str().unwrap_or_default().to_owned();
        if mode == Mode::SmallSegments && op == "open" {
            line["in"]["stores"][0]["segment_ms"] = 7.into();
        }
        let (request, expected) = (&line["in"], &line["expect"]);
        let reply = ask(&mut shell, request).await?;
        let answer = reply.get("ok").with_context(|| format!("line {number}: {reply}"))?;
        ensure!(
            comparable(&op, answer) == comparable(&op, expected),
            "line {number}: {request}\n{answer}\n{expected}"
        );
        compared += 1;
        match (mode, &*op) {
            (_, "open") => open = request.clone(),
            (Mode::CommitAfterEach, _) => committed(&mut shell).await?,
            (Mode::ReopenAfterCommit | Mode::SmallSegments, "commit") => {
                ask(&mut shell, &json!({ "op": "close" })).await?;
                drop(shell);
                shell = session(&place).await?;
                opened(&mut shell, &open).await?;
            }
            (Mode::TakeOverAfterCommit, "commit") => {
                shell = take_over(shell, &place, &open).await?;
            }
            _ => {}
        }
    }
    ensure!(compared > 250, "only {compared} answers were compared");
    Ok(())
}

async fn committed(shell: &mut Session) -> Result<()> {
    done(&ask(shell, &json!({ "op": "commit" })).await?)
}

async fn opened(shell: &mut Session, open: &Value) -> Result<()> {
    done(&ask(shell, open).await?)
}

fn done(reply: &Value) -> Result<()> {
    ensure!(*reply == json!({ "ok": null }), "{reply}");
    Ok(())
}

/// Another owner claims the task; the old one writes, is fenced, and nothing of it lands.
async fn take_over(mut old: Session, place: &Place, open: &Value) -> Result<Session> {
    let mut new = session(place).await?;
    let (write, read) = write_and_read(open["stores"][0]["kind"].as_str().unwrap_or_default());
    opened(&mut new, open).await?;
    let written = ask(&mut old, &write).await?;
    ensure!(written["error"].is_null() || written["error"]["kind"] == "Fenced", "{written}");
    let reply = ask(&mut old, &json!({ "op": "commit", "offsets": { "zombie": 1 } })).await?;
    ensure!(reply["error"]["kind"] == "Fenced", "{reply}");
    let zombie = ask(&mut new, &read).await?;
    ensure!(zombie == json!({ "ok": null }), "{zombie}");
    let checkpoint = ask(&mut new, &json!({ "op": "checkpoint" })).await?;
    ensure!(checkpoint["ok"]["offsets"].get("zombie").is_none(), "{checkpoint}");
    Ok(new)
}
