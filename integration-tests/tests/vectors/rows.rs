//! Which answers are the same.

use serde_json::{Value, json};

/// An answer as it is compared: bytes in one spelling, and rows of several keys key by key, since only the order of one
/// key's rows is promised.
pub(crate) fn comparable(op: &str, answer: &Value) -> Value {
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
