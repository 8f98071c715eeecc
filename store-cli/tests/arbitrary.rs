//! Whatever a line holds, it gets exactly one well-formed reply and the shell goes on.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use store_cli::shell::serve;

use self::common::{database, session};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof!["[a-c]{0,2}", "\\PC{0,9}"].prop_map(Value::from),
        "[0-9a-f]{0,5}".prop_map(|hex| json!({ "hex": hex })),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-z_]{0,6}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Requests that are nearly right: known names with any content.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let op = prop::sample::select(vec![
        "open",
        "close",
        "commit",
        "rollback",
        "checkpoint",
        "get",
        "put",
        "delete",
        "put_if_absent",
        "put_all",
        "range",
        "prefix",
        "count",
        "timestamped_put",
        "window_put",
        "window_fetch",
        "window_all",
        "session_put",
        "session_find_keys",
        "versioned_put",
        "versioned_get",
        "versioned_history",
        "",
    ]);
    let member = prop::sample::select(vec![
        "key",
        "value",
        "entries",
        "from",
        "to",
        "reverse",
        "limit",
        "prefix",
        "offsets",
        "stores",
        "adopt",
        "start",
        "end",
        "time",
        "as_of",
        "earliest_end",
        "latest_start",
        "other",
    ]);
    let members = vec((member, json_value()), 0..4);
    (op, any::<bool>(), members).prop_map(|(op, store, members)| {
        let mut request: serde_json::Map<_, _> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        request.insert("op".to_owned(), op.into());
        if store {
            request.insert("store".to_owned(), "c".into());
        }
        Value::from(request).to_string().into_bytes()
    })
}

/// A store of some kind.
fn open() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop::sample::select(vec![
        r#""kind":"key_value""#,
        r#""kind":"timestamped_key_value""#,
        r#""kind":"window","size_ms":10,"retention_ms":100"#,
        r#""kind":"session","retention_ms":100"#,
        r#""kind":"versioned","history_ms":100"#,
    ]);
    kind.prop_map(|kind| {
        format!(r#"{{"op":"open","stores":[{{"name":"c",{kind}}}]}}"#).into_bytes()
    })
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        2 => vec(any::<u8>(), 0..60),
        1 => "[\\[\\]{}\":,a-z0-9\\\\]{0,40}".prop_map(String::into_bytes),
        1 => json_value().prop_map(|value| value.to_string().into_bytes()),
        6 => request(),
        1 => open(),
    ];
    line.prop_map(|mut line| {
        line.retain(|&byte| byte != b'\n');
        line
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_line_gets_one_reply(lines in vec(line(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let input: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect();
        let mut output = Vec::new();
        serve(runtime.handle(), &mut session(&database()), &input[..], &mut output, 200).unwrap();
        let output = String::from_utf8(output).unwrap();
        prop_assert!(output.ends_with('\n'));
        let replies: Vec<_> = output.lines().collect();
        prop_assert_eq!(replies.len(), lines.len());
        for reply in replies {
            let reply: serde_json::Map<String, Value> = serde_json::from_str(reply).unwrap();
            prop_assert_eq!(reply.len(), 1);
            let Some(error) = reply.get("error") else {
                prop_assert!(reply.contains_key("ok"));
                continue;
            };
            prop_assert!(error["kind"].is_string() && error["message"].is_string());
            prop_assert!(error["retryable"].is_boolean() && error["effect"].is_string());
            prop_assert_eq!(error.as_object().unwrap().len(), 4);
        }
    }
}
