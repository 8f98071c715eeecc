//! Every wrong line: what it is answered, and that the shell goes on.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use serde_json::Value;

use self::common::{ask, database, session};

const OPEN: &str = r#"{"op":"open","stores":[{"name":"counts","kind":"key_value"}]}"#;

/// Checks kind and message, and that the message holds no value.
fn check(reply: &Value, kind: &str, said: &str, line: &str) {
    let error = reply.get("error").unwrap_or_else(|| panic!("{line} was answered {reply}"));
    assert_eq!(error["kind"], kind, "{line}: {error}");
    assert_eq!(error["retryable"], false, "{line}: {error}");
    assert_eq!(error["effect"], "not_applied", "{line}: {error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(said), "{line}: {message} does not say {said}");
    assert!(!message.contains("SECRET"), "{line}: {message}");
}

async fn refused(wrong: &[(&str, &str, &str)], open: bool) {
    let database = database();
    let mut session = session(&database);
    if open {
        assert_eq!(ask(&mut session, OPEN).await["ok"], Value::Null);
    }
    for (line, kind, said) in wrong {
        let reply = ask(&mut session, line).await;
        check(&reply, kind, said, line);
    }
    if open {
        let count = ask(&mut session, r#"{"op":"count","store":"counts"}"#).await;
        assert_eq!(count["ok"], 0, "the shell goes on, and nothing was written");
    } else {
        assert_eq!(ask(&mut session, OPEN).await["ok"], Value::Null, "the shell goes on");
    }
}

#[tokio::test]
async fn lines_that_are_no_request() {
    let wrong = [
        ("", "the line is empty"),
        (" \t\r\n", "the line is empty"),
        ("nonsense", "not valid JSON"),
        ("{", "not valid JSON"),
        ("{} {}", "not valid JSON"),
        (r#"{"op":"count","store":"\ud800"}"#, "not valid JSON"),
        (r#"{"op":"get","op":"put"}"#, r#"member "op" stands twice"#),
        ("null", "must be one JSON object, not null"),
        ("[1]", "must be one JSON object, not a list"),
        (r#""SECRET""#, "must be one JSON object, not a string"),
        ("1.5", "must be one JSON object, not a number"),
        ("{}", r#"member "op" of a request is missing"#),
        (r#"{"op":1}"#, r#"member "op" of a request must be a string, not an integer"#),
        (r#"{"op":"gett"}"#, r#"there is no op "gett": did you mean "get"?"#),
        (r#"{"op":"frobnicate"}"#, "known are open, commit, rollback"),
    ];
    let wrong = wrong.map(|(line, said)| (line, "InvalidArgument", said));
    refused(&wrong, false).await;
    refused(&wrong, true).await;
}

#[tokio::test]
async fn bytes_that_are_no_text() {
    let database = database();
    let mut session = session(&database);
    let reply = session.reply(b"{\"op\":\"\xff\"}\n").await.to_string();
    check(&serde_json::from_str(&reply).unwrap(), "InvalidArgument", "not UTF-8 from byte 8", "");
    let deep = "[".repeat(1 << 20);
    check(&ask(&mut session, &deep).await, "InvalidArgument", "not valid JSON", "deep");
}

#[tokio::test]
async fn operations_before_open() {
    let early = [
        r#"{"op":"get","store":"counts","key":"a"}"#,
        r#"{"op":"count","store":"counts"}"#,
        r#"{"op":"commit"}"#,
        r#"{"op":"rollback"}"#,
        r#"{"op":"checkpoint"}"#,
        r#"{"op":"close"}"#,
    ];
    refused(&early.map(|line| (line, "InvalidArgument", "needs an open task")), false).await;
}

#[tokio::test]
async fn a_wrong_open() {
    let wrong = [
        (r#"{"op":"open"}"#, r#"member "stores" of open is missing"#),
        (r#"{"op":"open","stores":{}}"#, r#"member "stores" of open must be a list"#),
        (r#"{"op":"open","stores":[],"adopt":1}"#, r#"member "adopt" of open must be true or"#),
        (r#"{"op":"open","stores":[],"adpot":true}"#, r#"did you mean "adopt"?"#),
        (r#"{"op":"open","stores":["c"]}"#, "store 1 of open must be an object, not a string"),
        (r#"{"op":"open","stores":[{}]}"#, r#"member "name" of store 1 of open is missing"#),
        (r#"{"op":"open","stores":[{"name":"c"}]}"#, r#"member "kind" of store 1 of open is"#),
        (
            r#"{"op":"open","stores":[{"name":"c","kind":"key_value","codex":"raw"}]}"#,
            r#"store 1 of open has no member "codex": did you mean "codec"?"#,
        ),
        (
            r#"{"op":"open","stores":[{"name":"c","kind":"key_value","codec":"jsn"}]}"#,
            r#"member "codec" of store 1 of open names no codec: did you mean "json"?"#,
        ),
        (
            r#"{"op":"open","stores":[{"name":"c","kind":"key_value","segment_ms":1}]}"#,
            r#"has no member "segment_ms""#,
        ),
        (
            r#"{"op":"open","stores":[{"name":"c","kind":"key_value"},{"name":"c","kind":"key_value"}]}"#,
            "store c was named twice",
        ),
    ];
    refused(&wrong.map(|(line, said)| (line, "InvalidArgument", said)), false).await;
    let other = [
        (
            r#"{"op":"open","stores":[{"name":"g","kind":"acme.graph/1","nodes":10}]}"#,
            "Unsupported",
            "known are key_value, timestamped_key_value, window, session, versioned",
        ),
        (
            r#"{"op":"open","stores":[{"name":"w","kind":"key_valu"}]}"#,
            "Unsupported",
            r#"did you mean "key_value"?"#,
        ),
        (
            r#"{"op":"open","stores":[{"name":"a/b","kind":"key_value"}]}"#,
            "InvalidKey",
            r#"name "a/b""#,
        ),
    ];
    refused(&other, false).await;
    refused(&[(OPEN, "InvalidArgument", "task a/0 is open already: close it first")], true).await;
}

#[tokio::test]
async fn wrong_members() {
    let wrong = [
        (r#"{"op":"get","store":"counts"}"#, r#"member "key" of get is missing"#),
        (r#"{"op":"get","key":"SECRET"}"#, r#"member "store" of get is missing"#),
        (r#"{"op":"get","store":1,"key":"a"}"#, r#"member "store" of get must be a string"#),
        (r#"{"op":"get","store":"count","key":"a"}"#, r#"did you mean "counts"?"#),
        (r#"{"op":"get","store":"x","key":"a"}"#, r#"store "x" is not open: known are counts"#),
        (
            r#"{"op":"put","store":"counts","kye":"SECRET","value":"SECRET"}"#,
            r#"put has no member "kye": did you mean "key"?"#,
        ),
        (r#"{"op":"put","store":"counts","key":"SECRET"}"#, r#"member "value" of put is missing"#),
        (
            r#"{"op":"put","store":"counts","key":null,"value":"SECRET"}"#,
            r#"member "key" of put must be a string or {"hex":"…"}, not null"#,
        ),
        (
            r#"{"op":"put","store":"counts","key":"a","value":5}"#,
            r#"member "value" of put must be a string or {"hex":"…"}, not an integer"#,
        ),
        (
            r#"{"op":"put","store":"counts","key":"a","value":{"hex":"0SECRET"}}"#,
            r#"member "value" of put must have an even number of hexadecimal digits"#,
        ),
        (r#"{"op":"get","store":"counts","key":{"hex":"0"}}"#, "hexadecimal digits"),
        (r#"{"op":"get","store":"counts","key":{"hxe":"00"}}"#, r#"must be {"hex":"…"} with"#),
        (r#"{"op":"get","store":"counts","key":{"hex":"00","a":1}}"#, "nothing else"),
        (r#"{"op":"delete","store":"counts","key":true}"#, "not true or false"),
        (r#"{"op":"range","store":"counts","from":1}"#, r#"member "from" of range must be"#),
        (r#"{"op":"range","store":"counts","reverse":"SECRET"}"#, "must be true or false"),
        (r#"{"op":"range","store":"counts","limit":-1}"#, "must not be negative"),
        (r#"{"op":"range","store":"counts","limit":1.5}"#, "must be an integer or null"),
        (r#"{"op":"range","store":"counts","limit":99999999999999999999}"#, "64-bit integer"),
        (r#"{"op":"prefix","store":"counts"}"#, r#"member "prefix" of prefix is missing"#),
        (r#"{"op":"prefix","store":"counts","prefix":null}"#, r#"member "prefix" of prefix"#),
        (r#"{"op":"put_all","store":"counts"}"#, r#"member "entries" of put_all is missing"#),
        (
            r#"{"op":"put_all","store":"counts","entries":[["a","1"],["b"]]}"#,
            r#"member "entries" of put_all must be pairs [key, value] in entry 2"#,
        ),
        (
            r#"{"op":"put_all","store":"counts","entries":[["a","1"],[null,"1"]]}"#,
            "has a key that must be a string",
        ),
        (
            r#"{"op":"put_all","store":"counts","entries":[["a",1]]}"#,
            "has a value that must be a string",
        ),
        (r#"{"op":"put_all","store":"counts","entries":["SECRET"]}"#, "pairs [key, value]"),
        (r#"{"op":"commit","offsets":[]}"#, r#"member "offsets" of commit must be an object"#),
        (r#"{"op":"commit","offsets":{"t-0":"SECRET"}}"#, r#"source "t-0" must be an integer"#),
        (r#"{"op":"commit","offset":{}}"#, r#"did you mean "offsets"?"#),
        (r#"{"op":"rollback","now":true}"#, r#"rollback has no member "now""#),
        (r#"{"op":"checkpoint","store":"counts"}"#, "has no member"),
    ];
    refused(&wrong.map(|(line, said)| (line, "InvalidArgument", said)), true).await;
}

#[tokio::test]
async fn keys_and_values_above_the_limits() {
    let database = database();
    let mut session = session(&database);
    ask(&mut session, OPEN).await;
    let put = |key: usize, value: usize| {
        let (key, value) = ("k".repeat(key), "v".repeat(value));
        format!(r#"{{"op":"put","store":"counts","key":"{key}","value":"{value}"}}"#)
    };
    assert_eq!(ask(&mut session, &put(8 << 10, 8 << 20)).await["ok"], Value::Null);
    check(&ask(&mut session, &put((8 << 10) + 1, 1)).await, "TooLarge", "store counts", "key");
    check(&ask(&mut session, &put(1, (8 << 20) + 1)).await, "TooLarge", "store counts", "value");
}

#[tokio::test]
async fn an_older_session_is_fenced_and_can_open_again() {
    let database = database();
    let (mut older, mut newer) = (session(&database), session(&database));
    ask(&mut older, OPEN).await;
    ask(&mut older, r#"{"op":"put","store":"counts","key":"a","value":"old"}"#).await;
    ask(&mut newer, OPEN).await;
    for line in [r#"{"op":"commit"}"#, r#"{"op":"get","store":"counts","key":"a"}"#] {
        check(&ask(&mut older, line).await, "Fenced", "later owner", line);
    }
    assert_eq!(ask(&mut newer, r#"{"op":"commit"}"#).await["ok"], Value::Null);
    assert_eq!(ask(&mut older, r#"{"op":"close"}"#).await["ok"], Value::Null);
    assert_eq!(ask(&mut older, OPEN).await["ok"], Value::Null);
    let get = ask(&mut older, r#"{"op":"get","store":"counts","key":"a"}"#).await;
    assert_eq!(get["ok"], Value::Null, "nothing of the fenced session landed");
}
