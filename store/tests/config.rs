//! The layers of settings, through the public API.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::fs;

use common::with_environment;
use proptest::prelude::{ProptestConfig, any, proptest};
use store::Config;
use tempfile::tempdir;

#[test]
#[cfg(feature = "embedded")]
fn nothing_set_gives_the_defaults() {
    let config = Config::from_toml("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.url, "embedded:");
    assert_eq!((config.engine.page_entries, config.engine.page_bytes), (1000, 4 << 20));
    let engine = config.engine;
    assert_eq!(engine.uncommitted_soft_bytes, 32 << 20);
    assert_eq!(engine.uncommitted_hard_bytes, 128 << 20);
    assert!(!engine.native_limits);
}

#[test]
fn parameters_of_the_url_move_to_the_settings_they_name() {
    let config = Config::from_url("memory:?page_entries=7&native_limits=true").unwrap();
    assert_eq!(config.url, "memory:");
    assert_eq!(config.engine.page_entries, 7);
    assert!(config.engine.native_limits);
}

#[test]
#[cfg(feature = "embedded")]
fn a_file_and_its_url_end_in_one_struct() {
    let config = Config::from_toml(
        r#"
        url = "embedded:./a%20b?page_entries=7&durability=machine_crash_loses_commits"
        [engine]
        page_entries = 5
        page_bytes = 6
        [embedded]
        block_cache_bytes = 8
        "#,
    )
    .unwrap();
    assert_eq!(config.url, "embedded:./a%20b");
    assert_eq!((config.engine.page_entries, config.engine.page_bytes), (7, 6));
    assert_eq!(config.embedded.block_cache_bytes, 8);
    assert_eq!(config.embedded.durability, store::Durability::MachineCrashLosesCommits);
}

#[test]
fn later_layers_win_over_earlier_ones() {
    let variables = [
        ("STORE_URL", "memory:?page_entries=4"),
        ("STORE_ENGINE__PAGE_ENTRIES", "3"),
        ("STORE_ENGINE__PAGE_BYTES", "3"),
        ("STORE_ENGINE__NATIVE_LIMITS", "true"),
    ];
    with_environment("later_layers_win_over_earlier_ones", &variables, || {
        let folder = tempdir().unwrap();
        let path = folder.path().join("store.toml");
        let text = "
            # Replaced as a whole, and so never looked at.
            url = 'redis://localhost?page_entries=9'
            [engine]
            page_entries = 2
            page_bytes = 2
            uncommitted_soft_bytes = 2
        ";
        fs::write(&path, text).unwrap();
        let mut config = Config::from_file(&path).unwrap();
        let engine = &config.engine;
        assert_eq!(config.url, "memory:");
        assert_eq!(engine.page_entries, 4, "the URL wins over the environment");
        assert_eq!(engine.page_bytes, 3, "the environment wins over the file");
        assert_eq!(engine.uncommitted_soft_bytes, 2, "the file wins over the default");
        assert_eq!(engine.uncommitted_hard_bytes, 128 << 20, "the rest is the default");
        assert!(engine.native_limits);
        config.engine.page_entries = 5;
        assert_eq!(config.engine.page_entries, 5, "the program wins over all");
        assert_eq!(Config::from_env().unwrap().engine.page_bytes, 3);
    });
}

#[test]
fn text_that_looks_like_a_number_stays_text_where_a_setting_is_text() {
    let test = "text_that_looks_like_a_number_stays_text_where_a_setting_is_text";
    with_environment(test, &[("STORE_URL", "5")], || {
        let message = Config::from_env().unwrap_err().to_string();
        assert!(message.contains("no URL of a store"), "{message}");
    });
}

#[test]
fn debug_shows_no_value_of_a_parameter() {
    let mut config = Config::default();
    for url in ["memory:?password=hunter2", "redis://user:hunter2@host", "hunter2"] {
        url.clone_into(&mut config.url);
        assert!(!format!("{config:?}").contains("hunter2"), "{url}");
    }
}

/// TOML's numbers are signed.
const MOST: usize = usize::MAX >> 1;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_written_as_toml_reads_the_same(
        (entries, bytes, soft) in (1..=MOST, 1..=MOST, 0..=MOST),
        native_limits in any::<bool>(),
        place in "[^?%~/\0][^?%\0]{0,20}",
    ) {
        let mut config = Config::default();
        config.url = if cfg!(feature = "embedded") { format!("embedded:{place}") } else { "memory:".to_owned() };
        config.engine.page_entries = entries;
        config.engine.page_bytes = bytes;
        config.engine.uncommitted_soft_bytes = soft;
        config.engine.uncommitted_hard_bytes = soft;
        config.engine.native_limits = native_limits;
        let text = toml::to_string(&config).unwrap();
        assert_eq!(Config::from_toml(&text).unwrap(), config, "{text}");
    }
}
