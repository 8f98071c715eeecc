//! Stores of every kind: which op is for which, and what is refused.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use serde_json::json;

use self::common::{
    ask, database,
    kinds::{KINDS, open_all, refusal},
    session,
};

/// One request of each op that only this kind has.
const OWN: [(&str, &[&str]); 5] = [
    (
        "key_value",
        &[
            r#""op":"get","key":"a""#,
            r#""op":"put","key":"a","value":"1""#,
            r#""op":"put_if_absent","key":"a","value":"1""#,
            r#""op":"put_all","entries":[]"#,
        ],
    ),
    (
        "timestamped_key_value",
        &[
            r#""op":"timestamped_put","key":"a","value":"1","time":1"#,
            r#""op":"timestamped_get","key":"a""#,
        ],
    ),
    (
        "window",
        &[
            r#""op":"window_put","key":"a","value":"1","start":1"#,
            r#""op":"window_get","key":"a","start":1"#,
            r#""op":"window_fetch","key":"a","from":0,"to":9"#,
            r#""op":"window_fetch_keys","from_key":null,"to_key":null,"from":0,"to":9"#,
            r#""op":"window_fetch_all","from":0,"to":9"#,
            r#""op":"window_all""#,
        ],
    ),
    (
        "session",
        &[
            r#""op":"session_put","key":"a","start":1,"end":1,"value":"1""#,
            r#""op":"session_remove","key":"a","start":1,"end":1"#,
            r#""op":"session_get","key":"a","start":1,"end":1"#,
            r#""op":"session_find","key":"a","earliest_end":0,"latest_start":9"#,
            r#""op":"session_find_keys","from_key":null,"to_key":null,"earliest_end":0,"latest_start":9"#,
        ],
    ),
    (
        "versioned",
        &[
            r#""op":"versioned_put","key":"a","value":"1","time":1"#,
            r#""op":"versioned_get","key":"a""#,
            r#""op":"versioned_delete","key":"a","time":1"#,
            r#""op":"versioned_history","key":"a","from":0,"to":9"#,
        ],
    ),
];

fn on(store: &str, request: &str) -> String {
    format!(r#"{{"store":"{store}",{request}}}"#)
}

#[tokio::test]
async fn each_op_is_for_its_kind_and_names_what_another_takes() {
    let mut session = session(&database());
    assert_eq!(ask(&mut session, &open_all(false, true)).await, json!({ "ok": null }));
    for (kind, requests) in OWN {
        for (store, _) in KINDS {
            for request in requests {
                let reply = ask(&mut session, &on(store, request)).await;
                if store == kind {
                    assert!(reply.get("error").is_none(), "{store} {request}: {reply}");
                    continue;
                }
                let message = refusal(&reply, "InvalidArgument");
                let is = format!("which is of kind {store} and takes ");
                assert!(message.contains(&is), "{store} {request}: {message}");
            }
        }
    }
    for (store, _) in KINDS {
        let count = ask(&mut session, &on(store, r#""op":"count""#)).await;
        let counts = ["key_value", "timestamped_key_value"].contains(&store);
        assert_eq!(count.get("ok").is_some(), counts, "{store}: {count}");
    }
}

#[tokio::test]
async fn wrong_members() {
    let mut session = session(&database());
    ask(&mut session, &open_all(false, true)).await;
    for (store, request, said) in [
        (
            "timestamped_key_value",
            r#""op":"timestamped_put","key":"a","value":"SECRET""#,
            r#"member "time" of timestamped_put is missing"#,
        ),
        (
            "timestamped_key_value",
            r#""op":"timestamped_put","key":"a","value":"1","time":"SECRET""#,
            r#"member "time" of timestamped_put must be an integer, not a string"#,
        ),
        (
            "timestamped_key_value",
            r#""op":"timestamped_put","key":"a","value":"1","time":1.5"#,
            "not a number that is no 64-bit",
        ),
        (
            "timestamped_key_value",
            r#""op":"timestamped_get","key":"a","time":1"#,
            r#"timestamped_get has no member "time""#,
        ),
        (
            "window",
            r#""op":"window_put","key":"SECRET","start":1"#,
            r#"member "value" of window_put is missing"#,
        ),
        (
            "window",
            r#""op":"window_put","key":"a","value":"1","start":9223372036854775808"#,
            "64-bit integer",
        ),
        ("window", r#""op":"window_get","key":"a","start":null"#, "must be an integer, not null"),
        (
            "window",
            r#""op":"window_fetch","key":"a","from":0"#,
            r#"member "to" of window_fetch is missing"#,
        ),
        (
            "window",
            r#""op":"window_fetch_keys","from":0,"to":1,"from_key":1"#,
            r#"member "from_key" of"#,
        ),
        ("window", r#""op":"window_fetch_all","from":0,"to":1,"from_key":null"#, "has no member"),
        ("window", r#""op":"window_all","limit":-1"#, "must not be negative"),
        ("window", r#""op":"window_all","reverse":0"#, "must be true or false"),
        (
            "session",
            r#""op":"session_put","key":"a","start":0,"value":"1""#,
            r#"member "end" of session_put"#,
        ),
        (
            "session",
            r#""op":"session_find","key":"a","earliest_end":0,"latest_strat":1"#,
            r#"did you mean "latest_start"?"#,
        ),
        (
            "session",
            r#""op":"session_find_keys","earliest_end":"0","latest_start":1"#,
            "must be an integer",
        ),
        (
            "versioned",
            r#""op":"versioned_put","key":"a","value":1,"time":1"#,
            r#"member "value" of versioned_put"#,
        ),
        (
            "versioned",
            r#""op":"versioned_get","key":"a","as_of":"SECRET""#,
            "must be an integer or null",
        ),
        ("versioned", r#""op":"versioned_delete","key":"a","time":true"#, "must be an integer"),
        (
            "versioned",
            r#""op":"versioned_history","key":"a","from":1,"to":0"#,
            "must end after it begins",
        ),
    ] {
        let message = refusal(&ask(&mut session, &on(store, request)).await, "InvalidArgument");
        assert!(message.contains(said), "{request}: {message}");
    }
}

#[tokio::test]
async fn wrong_settings() {
    let database = database();
    for (store, said) in [
        (r#""kind":"window""#, r#"member "size_ms" of store 1 of open is missing"#),
        (r#""kind":"window","size_ms":10"#, r#"member "retention_ms" of store 1 of open is"#),
        (r#""kind":"window","size_ms":"10","retention_ms":100"#, "must be an integer"),
        (r#""kind":"window","size_ms":-1,"retention_ms":100"#, "must not be negative"),
        (r#""kind":"window","size_ms":0,"retention_ms":100"#, "must be at least 1 ms"),
        (r#""kind":"window","size_ms":10,"retention_ms":9"#, "at least as long as they last"),
        (r#""kind":"window","size_ms":10,"retention_ms":100,"segment_ms":0"#, "segment of store x"),
        (r#""kind":"window","size_ms":10,"retention_ms":10000,"segment_ms":1"#, "make them longer"),
        (
            r#""kind":"window","size_ms":10,"retention_ms":100,"retain_duplicates":1"#,
            "true or false",
        ),
        (r#""kind":"window","size_ms":10,"history_ms":100"#, r#"no member "history_ms""#),
        (r#""kind":"session","retention_ms":0"#, "must be at least 1 ms"),
        (r#""kind":"session","retention_ms":100,"size_ms":10"#, r#"no member "size_ms""#),
        (r#""kind":"versioned","retention_ms":100"#, r#"no member "retention_ms""#),
        (r#""kind":"versioned","adopt":true"#, r#"member "history_ms" of store 1 of open"#),
        (r#""kind":"timestamped_key_value","segment_ms":1"#, r#"no member "segment_ms""#),
    ] {
        let open = format!(r#"{{"op":"open","stores":[{{"name":"x",{store}}}]}}"#);
        let message = refusal(&ask(&mut session(&database), &open).await, "InvalidArgument");
        assert!(message.contains(said), "{store}: {message}");
    }
}
