//! Stores of every kind that are opened again: adopted, refused, or after a close.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use serde_json::json;

use self::common::{
    ask, database,
    kinds::{made_elsewhere, open_all, refusal},
    replay, session,
};

#[tokio::test]
async fn every_kind_is_adopted_as_it_is_recorded() {
    let database = database();
    made_elsewhere(&database).await;
    let mut shell = session(&database);
    let open = open_all(false, true);
    let message = refusal(&ask(&mut shell, &open).await, "SchemaMismatch");
    assert!(message.contains("store key_value was made with key codec u8"), "{message}");
    let adopt = format!("> {}\n", open_all(true, false));
    let transcript = adopt
        + r#"
< {"ok":null}
> {"op":"range","store":"key_value"}
< {"ok":[["\u0007","1"]]}
> {"op":"range","store":"timestamped_key_value"}
< {"ok":[["\u0007","2",5]]}
> {"op":"window_put","store":"window","key":{"hex":"07"},"value":"6","start":40}
< {"ok":null}
> {"op":"window_all","store":"window"}
< {"ok":[["\u0007",40,"3"],["\u0007",40,"6"]]}
> {"op":"window_put","store":"window","key":{"hex":"08"},"value":"7","start":140}
< {"ok":null}
> {"op":"window_all","store":"window"}
< {"ok":[["\b",140,"7"]]}
> {"op":"session_get","store":"session","key":{"hex":"07"},"start":40,"end":50}
< {"ok":"4"}
> {"op":"versioned_get","store":"versioned","key":{"hex":"07"}}
< {"ok":["5",40,null]}
> {"op":"commit"}
< {"ok":null}
"#;
    assert_eq!(replay(&mut shell, "adopted", &transcript).await, 10);
}

#[tokio::test]
async fn an_adopted_store_is_refused_where_open_says_otherwise() {
    let database = database();
    made_elsewhere(&database).await;
    for (store, said) in [
        (r#""name":"window","kind":"window","size_ms":11"#, "size_ms"),
        (
            r#""name":"window","kind":"window","retention_ms":99"#,
            "retention 100 ms and is opened with 99 ms",
        ),
        (r#""name":"window","kind":"window","segment_ms":8"#, "segment interval 7 ms"),
        (r#""name":"window","kind":"window","retain_duplicates":false"#, "retain_duplicates"),
        (r#""name":"session","kind":"session","retention_ms":99"#, "retention 100 ms"),
        (r#""name":"versioned","kind":"versioned","history_ms":99"#, "retention 100 ms"),
        (r#""name":"versioned","kind":"session""#, "kind versioned and is opened with session"),
        (r#""name":"key_value","kind":"window""#, "kind key_value and is opened with window"),
    ] {
        let open = format!(r#"{{"op":"open","stores":[{{{store},"adopt":true}}]}}"#);
        let message = refusal(&ask(&mut session(&database), &open).await, "SchemaMismatch");
        assert!(message.contains(said), "{store}: {message}");
    }
    let agreed = r#"{"op":"open","stores":[{"name":"window","kind":"window","size_ms":10,"segment_ms":7,"adopt":true}]}"#;
    assert_eq!(ask(&mut session(&database), agreed).await, json!({ "ok": null }));
}

#[tokio::test]
async fn what_is_not_committed_is_gone_with_its_time() {
    let database = database();
    let mut first = session(&database);
    let open = open_all(false, true);
    ask(&mut first, &open).await;
    let puts = r#"
> {"op":"window_put","store":"window","key":"a","value":"1","start":0}
> {"op":"session_put","store":"session","key":"a","start":0,"end":0,"value":"1"}
> {"op":"versioned_put","store":"versioned","key":"a","value":"1","time":0}
> {"op":"commit"}
> {"op":"window_put","store":"window","key":"b","value":"2","start":1000}
> {"op":"session_put","store":"session","key":"b","start":0,"end":1000,"value":"2"}
> {"op":"versioned_put","store":"versioned","key":"b","value":"2","time":1000}
> {"op":"window_all","store":"window"}
< {"ok":[["b",1000,"2"]]}
"#;
    assert_eq!(replay(&mut first, "puts", puts).await, 1);
    first.close().await.unwrap();
    let rest = format!("> {open}\n")
        + r#"
> {"op":"window_all","store":"window"}
< {"ok":[["a",0,"1"]]}
> {"op":"window_put","store":"window","key":"c","value":"in time","start":1}
> {"op":"window_get","store":"window","key":"c","start":1}
< {"ok":"in time"}
> {"op":"session_find_keys","store":"session","earliest_end":0,"latest_start":9}
< {"ok":[["a",0,0,"1"]]}
> {"op":"versioned_get","store":"versioned","key":"b"}
< {"ok":null}
> {"op":"versioned_put","store":"versioned","key":"a","value":"0","time":-1}
< {"ok":0}
"#;
    assert_eq!(replay(&mut session(&database), "rest", &rest).await, 5);
}
