//! The recorded answers of Kafka Streams' own stores, on every backend.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result, ensure};
use integration_tests::{Place, RedisServer, Sort, block_on, run};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use store_cli::shell::Session;

/// What is put between the recorded operations; the answers stay the same.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    AsRecorded,
    CommitAfterEach,
    ReopenAfterCommit,
    TakeOverAfterCommit,
}

const MODES: [Mode; 4] =
    [Mode::AsRecorded, Mode::CommitAfterEach, Mode::ReopenAfterCommit, Mode::TakeOverAfterCommit];

fn main() -> ExitCode {
    let redis = Arc::new(RedisServer::start().expect("a Redis server is needed"));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let mut trials = Vec::new();
    for number in 1..=6 {
        let file = format!("key_value-{number}");
        let path = format!("{folder}/{file}.jsonl");
        let recorded = Arc::new(std::fs::read_to_string(path).expect("the vectors are there"));
        for (sort, mode) in Sort::ALL.iter().flat_map(|sort| MODES.map(|mode| (*sort, mode))) {
            let (redis, recorded) = (redis.clone(), recorded.clone());
            let name = format!("{sort}::{file}::{mode:?}");
            let trial = move || block_on(replay(Place::fresh(sort, &redis)?, mode, &recorded));
            trials.push(Trial::test(name, trial));
        }
    }
    run(trials, redis)
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
    for (number, line) in recorded.lines().enumerate() {
        let line: Value = serde_json::from_str(line)?;
        let (request, expected) = (&line["in"], &line["expect"]);
        let reply = ask(&mut shell, request).await?;
        let answer = reply.get("ok").with_context(|| format!("line {number}: {reply}"))?;
        ensure!(bytes(answer) == bytes(expected), "line {number}: {request}\n{answer}\n{expected}");
        compared += 1;
        let op = request["op"].as_str().unwrap_or_default();
        match (mode, op) {
            (_, "open") => open = request.clone(),
            (Mode::CommitAfterEach, _) => committed(&mut shell).await?,
            (Mode::ReopenAfterCommit, "commit") => {
                ask(&mut shell, &json!({ "op": "close" })).await?;
                drop(shell);
                shell = session(&place).await?;
                ask(&mut shell, &open).await?;
            }
            (Mode::TakeOverAfterCommit, "commit") => {
                shell = take_over(shell, &place, &open).await?;
            }
            _ => {}
        }
    }
    ensure!(compared > 300, "only {compared} answers were compared");
    Ok(())
}

async fn committed(shell: &mut Session) -> Result<()> {
    let reply = ask(shell, &json!({ "op": "commit" })).await?;
    ensure!(reply == json!({ "ok": null }), "{reply}");
    Ok(())
}

/// Another owner claims the task; the old one writes, is fenced, and nothing of it lands.
async fn take_over(mut old: Session, place: &Place, open: &Value) -> Result<Session> {
    let mut new = session(place).await?;
    ask(&mut new, open).await?;
    let put = json!({ "op": "put", "store": "s", "key": "zombie", "value": "zombie" });
    ask(&mut old, &put).await?;
    let reply = ask(&mut old, &json!({ "op": "commit", "offsets": { "zombie": 1 } })).await?;
    ensure!(reply["error"]["kind"] == "Fenced", "{reply}");
    let zombie = ask(&mut new, &json!({ "op": "get", "store": "s", "key": "zombie" })).await?;
    ensure!(zombie == json!({ "ok": null }), "{zombie}");
    let checkpoint = ask(&mut new, &json!({ "op": "checkpoint" })).await?;
    ensure!(checkpoint["ok"]["offsets"].get("zombie").is_none(), "{checkpoint}");
    Ok(new)
}

/// The same bytes in one spelling.
fn bytes(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "hex": hex::encode(text) }),
        Value::Array(values) => values.iter().map(bytes).collect(),
        other => other.clone(),
    }
}
