use serde_json::json;
use store_core::{Effect, ErrorKind};

use super::{Answer, At, Item, Operation, Target, halves, settle};
use crate::stub::{Stub, client};

#[test]
fn halves_are_all_of_it_and_each_is_smaller() {
    assert_eq!(halves(vec![1, 2]), [vec![2], vec![1]]);
    assert_eq!(halves(vec![1, 2, 3, 4, 5]), [vec![3, 4, 5], vec![1, 2]]);
}

#[test]
fn operations_as_they_are_sent() {
    let target = Target { id: "a/0:\"", routing: "a/0", ..Target::default() };
    let at = Some(At { seq_no: 7, primary_term: 2 });
    let stamped = Target { version: Some(5), version_type: Some("external_gte"), ..target };
    assert_eq!(
        Operation::index(stamped, &json!({"value": "x\ny"})).0,
        "{\"index\":{\"_id\":\"a/0:\\\"\",\"routing\":\"a/0\",\"version\":5,\"version_type\":\"external_gte\"}}\n\
         {\"value\":\"x\\ny\"}\n"
    );
    assert_eq!(
        Operation::create(target, &json!({})).0,
        "{\"create\":{\"_id\":\"a/0:\\\"\",\"routing\":\"a/0\"}}\n{}\n"
    );
    assert_eq!(
        Operation::delete(Target { at, ..target }).0,
        "{\"delete\":{\"_id\":\"a/0:\\\"\",\"routing\":\"a/0\",\"if_seq_no\":7,\"if_primary_term\":2}}\n"
    );
}

fn items(answer: &str) -> Vec<Item> {
    let answer: Answer = serde_json::from_str(answer).unwrap();
    answer.items.into_iter().flat_map(|item| item.into_values()).collect()
}

#[test]
fn each_item_is_looked_at() {
    let items = items(
        r#"{"errors":true,"items":[
            {"index":{"_seq_no":3,"_primary_term":1,"status":201}},
            {"index":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"newer"}}},
            {"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"busy"}}},
            {"delete":{"status":404}},
            {"index":{"status":503,"error":{"type":"unavailable_shards_exception","reason":null}}},
            {"delete":{"status":404,"error":null}}]}"#,
    );
    assert_eq!(items[0].at, Some(At { seq_no: 3, primary_term: 1 }));
    assert!(items[1].is_conflict() && items[1].at.is_none());
    let settled = settle((0..).zip(items), "write").unwrap();
    assert_eq!((settled.done, settled.again), (1, vec![2, 4]));
    assert_eq!(settled.error.map(|error| error.kind()), Some(ErrorKind::Unavailable));
}

#[test]
fn an_item_that_is_refused_for_good_is_an_error_whatever_the_others_are() {
    for (status, sort, kind) in [
        (400, "document_parsing_exception", ErrorKind::SchemaMismatch),
        (404, "index_not_found_exception", ErrorKind::NotFound),
        (403, "security_exception", ErrorKind::PermissionDenied),
    ] {
        let items = items(&format!(
            r#"{{"items":[{{"index":{{"status":429,"error":{{"type":"x","reason":"y"}}}}}},{{"index":{{"status":201}}}},
                {{"index":{{"status":{status},"error":{{"type":"{sort}","reason":"hunter2"}}}}}}]}}"#
        ));
        let error = settle((0..).zip(items), "write").err().unwrap();
        assert_eq!((error.kind(), error.effect()), (kind, Effect::Unknown));
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

fn puts(count: usize) -> Vec<Operation> {
    let id = |n: usize| n.to_string();
    let put = |n| {
        Operation::index(Target { id: &id(n), routing: "r", ..Target::default() }, &json!({"n": n}))
    };
    (0..count).map(put).collect()
}

/// The ids of the operations in a request.
fn ids(request: &str) -> Vec<String> {
    let lines = request.lines().filter(|line| line.starts_with("{\"index\""));
    lines.map(|line| line.split('"').nth(5).unwrap().to_owned()).collect()
}

fn answer(statuses: &[u16]) -> String {
    let item = |status: &u16| match status {
        200..300 => json!({"index": {"status": status}}),
        _ => json!({"index": {"status": status, "error": {"type": "x", "reason": "y"}}}),
    };
    json!({ "items": statuses.iter().map(item).collect::<Vec<_>>() }).to_string()
}

#[tokio::test]
async fn what_is_throttled_is_sent_again_and_nothing_else() {
    let stub = Stub::start(|request| match ids(request).len() {
        4 => (200, answer(&[201, 429, 409, 503])),
        2 => (200, answer(&[201, 429])),
        _ => (200, answer(&[201])),
    });
    let done = client(&[&stub]).bulk_all("a", puts(4), "write").await.unwrap();
    assert_eq!(done, 3, "one was older than what is there");
    let sent: Vec<_> = stub.requests().iter().map(|request| ids(request).join(" ")).collect();
    assert_eq!(sent, ["0 1 2 3", "1 3", "3"]);
}

#[tokio::test]
async fn one_that_is_refused_for_good_ends_it() {
    let stub = Stub::start(|_| (200, answer(&[201, 429, 400])));
    let error = client(&[&stub]).bulk_all("a", puts(3), "write").await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidArgument, Effect::Unknown));
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn what_is_refused_as_a_whole_is_sent_in_parts() {
    for status in [413, 429] {
        let stub = Stub::start(move |request| match ids(request).len() {
            count @ 1..=2 => (200, answer(&vec![201; count])),
            _ => (status, "{}".to_owned()),
        });
        let done = client(&[&stub]).bulk_all("a", puts(7), "write").await.unwrap();
        assert_eq!(done, 7, "{status}");
        let sent: Vec<_> = stub.requests().iter().map(|request| ids(request).join("")).collect();
        assert_eq!(sent, ["0123456", "012", "0", "12", "3456", "34", "56"], "{status}");
    }
}

#[tokio::test]
async fn one_that_is_too_large_alone_is_an_error() {
    let stub = Stub::start(|_| (413, "{}".to_owned()));
    let error = client(&[&stub]).bulk_all("a", puts(1), "write").await.unwrap_err();
    assert_eq!((error.kind(), stub.requests().len()), (ErrorKind::TooLarge, 1));
}

#[tokio::test]
async fn an_answer_that_does_not_speak_of_each_is_none() {
    let stub = Stub::start(|request| match request.len() {
        0 => (200, String::new()),
        _ => (200, answer(&[201])),
    });
    let error = client(&[&stub]).bulk("a", &puts(2), "write").await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
}
