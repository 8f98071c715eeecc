//! The protocol, in process.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use serde_json::Value;
use store_cli::shell::{OPERATIONS, Session, serve};

async fn session() -> Session {
    Session::new(store::connect("memory:").await.unwrap(), "app", 0)
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[tokio::test]
async fn the_page_is_true() {
    let page = include_str!("../../docs/shell.md");
    let mut session = session().await;
    let mut answers = 0;
    let mut answer = String::new();
    for line in page.lines() {
        if let Some(request) = line.strip_prefix("> ") {
            answer = session.answer(request.as_bytes()).await;
        } else if let Some(expected) = line.strip_prefix("< ") {
            assert_eq!(json(&answer), json(expected));
            answers += 1;
        }
    }
    assert!(answers > 20);
}

async fn kind(session: &mut Session, line: &str) -> String {
    let reply = json(&session.answer(line.as_bytes()).await);
    let error = &reply["error"];
    assert!(error["message"].as_str().unwrap().len() > 10, "{line}");
    error["kind"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bad_requests_are_answered_and_the_shell_goes_on() {
    let mut session = session().await;
    assert_eq!(kind(&mut session, r#"{"op":"commit"}"#).await, "Closed");
    let open = r#"{"op":"open","stores":[{"name":"c","kind":"key_value"}]}"#;
    for (line, expected) in [
        (r#"{"op":"open","stores":[{"name":"c","kind":"window","size_ms":1}]}"#, "Unsupported"),
        (
            r#"{"op":"open","stores":[{"name":"c","kind":"key_value","size_ms":1}]}"#,
            "InvalidArgument",
        ),
        (r#"{"op":"open","stores":[{"name":"","kind":"key_value"}]}"#, "InvalidKey"),
        (
            r#"{"op":"open","stores":[{"name":"c","kind":"key_value"},{"name":"c","kind":"key_value"}]}"#,
            "InvalidArgument",
        ),
        (r#"{"op":"open"}"#, "InvalidArgument"),
    ] {
        assert_eq!(kind(&mut session, line).await, expected, "{line}");
    }
    assert_eq!(session.answer(open.as_bytes()).await, r#"{"ok":null}"#);
    for line in [
        open,
        "",
        "[]",
        "null",
        "{",
        r#"{"store":"c"}"#,
        r#"{"op":5}"#,
        r#"{"op":"get","store":"d","key":"a"}"#,
        r#"{"op":"get","store":"c"}"#,
        r#"{"op":"get","store":"c","key":"a","extra":1}"#,
        r#"{"op":"get","store":"c","key":5}"#,
        r#"{"op":"get","store":"c","key":{"hex":"0"}}"#,
        r#"{"op":"get","store":"c","key":{"hex":"zz"}}"#,
        r#"{"op":"get","store":"c","key":{"hex":"00","more":1}}"#,
        r#"{"op":"put_all","store":"c","entries":[["a"]]}"#,
        r#"{"op":"range","store":"c","limit":-1}"#,
        r#"{"op":"commit","offsets":{"a":"b"}}"#,
        r#"{"op":"commit","offsets":{"a":9223372036854775808}}"#,
        r#"{"op":"window_put","store":"c","key":"a","value":"b","start":1}"#,
    ] {
        assert_eq!(kind(&mut session, line).await, "InvalidArgument", "{line}");
    }
    assert_eq!(
        kind(&mut session, r#"{"op":"get","store":"c","key":"secret"#).await,
        "InvalidArgument"
    );
    let reply =
        session.answer(br#"{"op":"put","store":"c","key":["secret"],"value":"secret"}"#).await;
    assert!(!reply.contains("secret"), "{reply}");
    let long = "x".repeat(8193);
    let line = format!(r#"{{"op":"put","store":"c","key":"{long}","value":""}}"#);
    assert_eq!(kind(&mut session, &line).await, "TooLarge");
    assert_eq!(session.answer(br#"{"op":"count","store":"c"}"#).await, r#"{"ok":0}"#);
}

#[tokio::test]
async fn an_older_session_is_fenced() {
    let database = store::connect("memory:").await.unwrap();
    let open = br#"{"op":"open","stores":[{"name":"c","kind":"key_value"}]}"#;
    let put = br#"{"op":"put","store":"c","key":"a","value":"old"}"#;
    let mut old = Session::new(database.clone(), "app", 0);
    old.answer(open).await;
    old.answer(put).await;
    let mut new = Session::new(database, "app", 0);
    new.answer(open).await;
    assert_eq!(kind(&mut old, r#"{"op":"commit"}"#).await, "Fenced");
    assert_eq!(kind(&mut old, r#"{"op":"get","store":"c","key":"a"}"#).await, "Fenced");
    let reply = new.answer(br#"{"op":"get","store":"c","key":"a"}"#).await;
    assert_eq!(reply, r#"{"ok":null}"#);
}

#[tokio::test]
async fn one_answer_per_line_until_the_end_of_input() {
    let input = b"\n{\"op\":\"open\",\"stores\":[]}\r\n \n\xff\xfe\n{\"op\":\"commit\"}";
    let mut output = Vec::new();
    serve(session().await, &input[..], &mut output).await.unwrap();
    let lines: Vec<_> = std::str::from_utf8(&output).unwrap().lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains("InvalidArgument"));
    assert_eq!(lines[2], r#"{"ok":null}"#);
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let word =
        || proptest::sample::select(vec!["\"c\"", "\"\"", "null", "5", "{\"hex\":\"00\"}", "[]"]);
    let op = proptest::sample::select(OPERATIONS.to_vec());
    let names = ["store", "key", "value", "from", "to", "prefix", "entries", "offsets", "limit"];
    let member = (proptest::sample::select(names.to_vec()), word());
    let members = proptest::collection::vec(member, 0..5);
    let structured = (op, members).prop_map(|(op, members)| {
        let members = members.into_iter().map(|(name, value)| format!(",\"{name}\":{value}"));
        format!("{{\"op\":\"{op}\"{}}}", members.collect::<String>()).into_bytes()
    });
    prop_oneof![structured, proptest::collection::vec(any::<u8>(), 0..60)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_line_has_one_answer(lines in proptest::collection::vec(request(), 0..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut session = session().await;
            session.answer(br#"{"op":"open","stores":[{"name":"c","kind":"key_value"}]}"#).await;
            for line in lines {
                let reply = session.answer(&line).await;
                let reply: Value = serde_json::from_str(&reply).unwrap();
                let members = reply.as_object().unwrap();
                assert!(members.len() == 1 && (members.contains_key("ok") || members.contains_key("error")));
            }
        });
    }
}
