//! Settings: layers, refusals and hints, through the public API.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs;

use store::{Config, ErrorKind, prelude::*};
use tempfile::tempdir;

fn refusal(toml: &str) -> String {
    let error = Config::from_toml(toml).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

#[test]
fn a_file_a_url_and_code_end_in_one_struct() {
    let config = Config::from_toml(
        r#"
        url = "embedded:./x?page_entries=7&durability=machine_crash_loses_commits"
        [engine]
        page_entries = 5
        page_bytes = 6
        [embedded]
        cache_bytes = 8
        "#,
    )
    .unwrap();
    assert_eq!(config.url, "embedded:./x");
    assert_eq!((config.engine.page_entries, config.engine.page_bytes), (7, 6));
    assert_eq!(config.embedded.cache_bytes, 8);
    assert_eq!(config.embedded.durability, store::Durability::MachineCrashLosesCommits);
    assert_eq!(Config::from_toml("").unwrap(), Config::default());
}

#[test]
fn unknown_settings_are_refused_with_the_nearest_known_one() {
    for (toml, hint) in [
        ("ulr = 'memory:'", "did you mean url?"),
        ("[engine]\npage_entrys = 5", "did you mean page_entries?"),
        ("[embeded]\ncache_bytes = 5", "did you mean embedded?"),
        ("url = 'embedded:x?cache_byte=5'", "did you mean cache_bytes?"),
        ("url = 'memory:?cache_bytes=5'", "page_bytes"),
        ("[engine]\nzzz = 5", "known are"),
    ] {
        let message = refusal(toml);
        assert!(message.contains(hint), "{toml}: {message}");
    }
}

#[test]
fn bad_values_name_the_setting_and_never_the_value() {
    for (toml, name) in [
        ("[engine]\npage_entries = -5", "engine.page_entries"),
        ("[engine]\npage_entries = 'secret'", "engine.page_entries"),
        ("[embedded]\ndurability = 'secret'", "embedded.durability"),
        ("url = 'embedded:x?page_entries=secret'", "page_entries"),
        ("[engine]\npage_entries = 0", "page_entries"),
        ("[engine]\nuncommitted_hard_bytes = 1", "uncommitted_soft_bytes"),
        ("url = 'memory:?page_entries=0'", "page_entries"),
        ("url = ", "TOML"),
    ] {
        let message = refusal(toml);
        assert!(message.contains(name), "{toml}: {message}");
        assert!(!message.contains("secret"), "{toml}: {message}");
    }
}

#[test]
fn a_missing_file_says_which() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.toml");
    let error = Config::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("store.toml"));
    fs::write(&path, "url = 'memory:'").unwrap();
    assert_eq!(Config::from_file(&path).unwrap().url, "memory:");
}

/// The environment belongs to the whole process, so a child has it.
#[test]
fn the_environment_overrides_a_file() {
    if std::env::var_os("STORE_URL").is_some() {
        let config = Config::from_env().unwrap();
        assert_eq!((config.url.as_str(), config.engine.page_entries), ("memory:", 12));
        return;
    }
    let test = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_environment_overrides_a_file"])
        .env("STORE_URL", "memory:")
        .env("STORE_ENGINE__PAGE_ENTRIES", "12")
        .output()
        .unwrap();
    assert!(test.status.success(), "{}", String::from_utf8_lossy(&test.stdout));
}

#[tokio::test]
async fn the_same_program_runs_on_each_url() {
    static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
    let folder = tempdir().unwrap();
    let embedded = format!("embedded:{}", folder.path().join("a b").display());
    for url in ["memory:", &embedded] {
        let database = store::connect(url).await.unwrap();
        let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
        let counts = task.store(&COUNTS).unwrap();
        counts.put(&"a".to_owned(), &1).await.unwrap();
        task.commit([("s", 1)]).await.unwrap();
        let read = database.read("app", 0).await.unwrap();
        let counts = read.store(&COUNTS).await.unwrap();
        assert_eq!(counts.get(&"a".to_owned()).await.unwrap(), Some(1));
    }
}
