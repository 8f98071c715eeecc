//! A write that must not land, and the read that would show it.

use serde_json::{Value, json};

/// Far ahead of all recorded times: if it raised stream time, whatever was recorded would be late.
const TIME: i64 = 1_000_000_000;

/// The write and the read for a store of this kind.
pub(crate) fn write_and_read(kind: &str) -> (Value, Value) {
    let (op, read, place) = match kind {
        "key_value" => ("put", "get", json!({})),
        "window" => ("window_put", "window_get", json!({ "start": TIME })),
        "session" => ("session_put", "session_get", json!({ "start": TIME, "end": TIME })),
        "versioned" => ("versioned_put", "versioned_get", json!({ "time": TIME })),
        other => panic!("no recorded store is of kind {other}"),
    };
    let request = |op: &str| {
        let mut request = place.clone();
        request["op"] = op.into();
        request["store"] = "s".into();
        request["key"] = "zombie".into();
        request
    };
    let (mut write, mut read) = (request(op), request(read));
    write["value"] = "zombie".into();
    if let Some(members) = read.as_object_mut()
        && let Some(time) = members.remove("time")
    {
        members.insert("as_of".to_owned(), time);
    }
    (write, read)
}
