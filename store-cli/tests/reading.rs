//! `describe`, `get` and `scan` on stores of every kind.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use store::Window;
use tempfile::{TempDir, tempdir};

use self::common::{
    kinds::{KINDS, made_elsewhere},
    process::{printed, refused, url},
};

fn made() -> TempDir {
    let folder = tempdir().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let database = store::connect(&url(&folder)).await.unwrap();
        made_elsewhere(&database).await;
    });
    folder
}

fn on<'a>(command: &'a str, url: &'a str, store: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command, url, "-a", "a", "-p", "0", "-s", store], more].concat()
}

#[test]
fn what_a_store_has_for_a_key_is_shown() {
    let folder = made();
    let url = url(&folder);
    let get = |store| printed(&on("get", &url, store, &["7"]));
    assert_eq!(get("key_value"), "{\"key\":7,\"value\":1}\n");
    assert_eq!(get("timestamped_key_value"), "{\"key\":7,\"value\":2,\"time\":5}\n");
    assert_eq!(get("versioned"), "{\"key\":7,\"value\":5,\"time\":40}\n");
    let scan = |store| printed(&on("scan", &url, store, &[]));
    assert_eq!(scan("key_value"), "{\"key\":7,\"value\":1}\n");
    assert_eq!(scan("timestamped_key_value"), "{\"key\":7,\"value\":2,\"time\":5}\n");
    assert_eq!(scan("window"), "{\"key\":7,\"start\":40,\"end\":50,\"value\":3}\n");
    assert_eq!(scan("session"), "{\"key\":7,\"start\":40,\"end\":50,\"value\":4}\n");
}

#[test]
fn what_a_kind_cannot_do_names_what_can() {
    let folder = made();
    let url = url(&folder);
    for (command, store, more, said) in [
        ("get", "window", &["7"][..], "is of kind window: scan lists it, window_get of the shell"),
        ("get", "session", &["7"], "is of kind session: scan lists it, session_get of the shell"),
        ("scan", "versioned", &[], "versioned_history of the shell lists them"),
    ] {
        let error = refused(&on(command, &url, store, more), 1);
        assert!(error.contains(said), "{command} {store}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn windows_are_listed_by_key_and_prefix_and_both_ways() {
    let folder = tempdir().unwrap();
    let url = url(&folder);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let database = store::connect(&url).await.unwrap();
        let minute = std::time::Duration::from_secs(60);
        let definition = Window::<String, u64>::new("w", minute, 10 * minute);
        let task = database.task("a", 0).store(&definition).open().await.unwrap();
        let windows = task.store(&definition).unwrap();
        for (key, start) in [("a", 0), ("ab", 0), ("b", 0), ("a", 60_000)] {
            windows.put(&key.to_owned(), start, Some(&1)).await.unwrap();
        }
        task.commit([("t", 1)]).await.unwrap();
        task.close().await.unwrap();
    });
    let line = |key, start: i64| {
        let end = start + 60_000;
        format!("{{\"key\":\"{key}\",\"start\":{start},\"end\":{end},\"value\":1}}\n")
    };
    let all = [line("a", 0), line("a", 60_000), line("ab", 0), line("b", 0)];
    let scan = |more: &[&str]| printed(&on("scan", &url, "w", more));
    assert_eq!(scan(&[]), all.concat());
    assert_eq!(scan(&["--prefix", "a"]), all[..3].concat());
    assert_eq!(scan(&["--from", "ab", "--to", "ab"]), all[2]);
    assert_eq!(scan(&["--from", "b", "--to", "a"]), "");
    assert_eq!(scan(&["--reverse", "--limit", "1"]), all[3]);
}

#[test]
fn describe_shows_how_stores_are_cut_by_time() {
    let folder = made();
    let described = printed(&["describe", &url(&folder), "-a", "a", "-p", "0"]);
    let described: serde_json::Value = serde_json::from_str(&described).unwrap();
    let shown = |number: usize| {
        let store = &described["stores"][number];
        assert_eq!(store["name"], KINDS[number].0);
        assert!(store["approximate_len"].as_u64() >= Some(1), "{store}");
        ["retention_ms", "segment_ms", "stream_time"].map(|name| store[name].as_i64())
    };
    assert_eq!(shown(0), [None, None, None]);
    assert_eq!(shown(1), [None, None, None]);
    assert_eq!(shown(2), [Some(100), Some(7), Some(40)]);
    assert_eq!(shown(3), [Some(100), Some(60_000), Some(50)]);
    assert_eq!(shown(4), [Some(100), Some(60_000), Some(40)]);
    assert_eq!(described["stores"][2]["segments"], 1);
    let window = &described["stores"][2]["properties"];
    assert_eq!(window["size_ms"], "10");
    assert_eq!(window["retain_duplicates"], "true");
}
