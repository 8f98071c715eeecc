//! What the tests share: sessions in memory, transcripts and comparison of bytes.
#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod kinds;
pub(crate) mod process;

use std::sync::Arc;

use serde_json::Value;
use store::{Database, memory::MemoryBackend};
use store_cli::shell::Session;

pub(crate) fn database() -> Database {
    Database::with(Arc::new(MemoryBackend::new()), Default::default()).unwrap()
}

pub(crate) fn session(database: &Database) -> Session {
    Session::new(database.clone(), "a", 0)
}

/// Sends one line and parses the reply.
pub(crate) async fn ask(session: &mut Session, line: &str) -> Value {
    let line = session.reply(line.as_bytes()).await.to_line();
    let text = std::str::from_utf8(&line).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "one line: {text:?}");
    serde_json::from_str(text).unwrap()
}

/// Sends `> ` lines and compares with the `< ` lines behind them; other lines are comments.
pub(crate) async fn replay(session: &mut Session, name: &str, transcript: &str) -> usize {
    let mut reply = String::new();
    let mut compared = 0;
    for (number, line) in (1..).zip(transcript.lines()) {
        if let Some(request) = line.strip_prefix("> ") {
            reply = session.reply(request.as_bytes()).await.to_string();
        } else if let Some(expected) = line.strip_prefix("< ") {
            assert_eq!(reply, expected, "{name}:{number}");
            compared += 1;
        }
    }
    compared
}

/// Spells strings as hexadecimal, so that bytes are compared.
pub(crate) fn spelled(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::json!({ "hex": hex::encode(text) }),
        Value::Array(items) => items.iter().map(spelled).collect(),
        other => other.clone(),
    }
}
