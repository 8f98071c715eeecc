//! Settings that are refused: the message names the setting, its source and what was meant, never the value.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::{error::Error as StdError, fs};
#[cfg(unix)]
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use common::with_environment;
use proptest::prelude::{ProptestConfig, proptest};
use store::{Config, ErrorKind, Result};
use tempfile::tempdir;

fn refusal(config: Result<Config>) -> String {
    let error = config.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(StdError::source(&error).is_none(), "a cause may show a value");
    error.to_string()
}

#[test]
fn unknown_settings_are_refused_with_the_nearest_known_one() {
    for (toml, hint) in [
        ("ulr = 'memory:'", "unknown setting ulr: did you mean url?"),
        ("[engine]\npage_entrys = 5", "engine.page_entrys: did you mean page_entries?"),
        ("[engin]\npage_entries = 5", "did you mean engine?"),
        ("page_entries = 5", "did you mean engine.page_entries?"),
        ("[engine]\nzzz = 5", "known are uncommitted_soft_bytes, "),
        ("url = 'memory:?page_entrys=5'", "unknown parameter page_entrys in the URL: did you mean"),
        ("url = 'memory:?url=memory:'", "unknown parameter url in the URL: known are"),
    ] {
        let message = refusal(Config::from_toml(toml));
        assert!(message.starts_with("the TOML text: "), "{toml}: {message}");
        assert!(message.contains(hint), "{toml}: {message}");
    }
}

#[test]
fn parameters_belong_to_the_backend_of_the_url() {
    let message = refusal(Config::from_url("memory:?block_cache_bytes=5"));
    assert!(message.contains("unknown parameter block_cache_bytes"), "{message}");
    #[cfg(feature = "embedded")]
    {
        let message = refusal(Config::from_url("embedded:x?block_cache_byte=5"));
        assert!(message.contains("did you mean block_cache_bytes?"), "{message}");
        assert_eq!(
            Config::from_url("embedded:x?block_cache_bytes=5").unwrap().embedded.block_cache_bytes,
            5
        );
    }
}

#[test]
fn bad_values_name_the_setting_and_never_the_value() {
    for (toml, hint) in [
        ("[engine]\npage_entries = -5", "engine.page_entries must be a whole number, 0 or more"),
        ("[engine]\npage_entries = 1.5", "engine.page_entries must be a whole number, 0 or more"),
        ("[engine]\npage_entries = 'hunter2'", "engine.page_entries must be a whole number"),
        ("[engine]\nnative_limits = 'hunter2'", "engine.native_limits must be a boolean"),
        ("engine = 'hunter2'", "engine must be a section"),
        ("url = 5", "url must be a string"),
        ("url = 'memory:?page_entries=hunter2'", "engine.page_entries must be a whole number"),
        ("url = 'memory:?page_entries=-1'", "engine.page_entries must be a whole number"),
        ("url = 'memory:?page_entries='", "engine.page_entries must be a whole number"),
        ("url = 'memory:?native_limits'", "engine.native_limits must be a boolean"),
        ("url = 'memory:'\n[engine]\npage_entries = 0", "page_entries"),
        ("url = 'memory:?page_bytes=0'", "page_bytes"),
        ("url = 'memory:'\n[engine]\nuncommitted_hard_bytes = 1", "uncommitted_soft_bytes"),
        ("\nurl = \"hunter2", "the TOML text, line 2: this is not TOML"),
        ("url = 'hunter2'", "the TOML text: this is no URL of a store"),
    ] {
        let message = refusal(Config::from_toml(toml));
        assert!(message.contains(hint), "{toml}: {message}");
        assert!(!message.contains("hunter2"), "{toml}: {message}");
    }
}

#[test]
#[cfg(feature = "embedded")]
fn bad_settings_of_a_backend_are_refused() {
    for (toml, hint) in [
        ("[embeded]\nblock_cache_bytes = 5", "did you mean embedded?"),
        ("[embedded]\nblock_cache_bytes = -1", "embedded.block_cache_bytes must be a whole number"),
        ("[embedded]\ndurability = 'hunter2'", "embedded.durability must be one of synced, "),
        ("url = 'embedded:?durability=hunter2'", "embedded.durability must be one of synced, "),
    ] {
        let message = refusal(Config::from_toml(toml));
        assert!(message.contains(hint), "{toml}: {message}");
        assert!(!message.contains("hunter2"), "{toml}: {message}");
    }
}

#[test]
#[cfg(not(feature = "embedded"))]
fn a_section_of_a_backend_left_out_names_its_feature() {
    let message = refusal(Config::from_toml("url = 'memory:'\n[embedded]\nblock_cache_bytes = 5"));
    assert!(message.contains("cargo feature `embedded`"), "{message}");
}

#[test]
fn variables_are_named_that_set_nothing() {
    with_environment(
        "variables_are_named_that_set_nothing",
        &[("STORE_PAGE_ENTRIES", "5")],
        || {
            let message = refusal(Config::from_env());
            assert!(message.starts_with("environment variable STORE_PAGE_ENTRIES: "), "{message}");
            assert!(message.ends_with("did you mean engine.page_entries?"), "{message}");
        },
    );
}

#[test]
fn variables_are_named_that_hold_nonsense() {
    let variables = [("STORE_URL", "memory:"), ("STORE_ENGINE__PAGE_BYTES", "hunter2")];
    with_environment("variables_are_named_that_hold_nonsense", &variables, || {
        let message = refusal(Config::from_env());
        assert!(
            message.starts_with("environment variable STORE_ENGINE__PAGE_BYTES: "),
            "{message}"
        );
        assert!(message.contains("must be a whole number"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    });
}

#[test]
fn a_bad_url_names_its_variable() {
    with_environment("a_bad_url_names_its_variable", &[("STORE_URL", "memry:")], || {
        let message = refusal(Config::from_env());
        assert!(message.starts_with("environment variable STORE_URL: "), "{message}");
        assert!(message.contains("did you mean memory:?"), "{message}");
    });
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_not_unicode_is_not_left_out() {
    let variables = [("STORE_URL", OsStr::from_bytes(b"embedded:\xff"))];
    with_environment("a_variable_that_is_not_unicode_is_not_left_out", &variables, || {
        let message = refusal(Config::from_env());
        assert!(message.contains("STORE_URL: the value is not Unicode"), "{message}");
    });
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.toml");
    for (bytes, kind) in [
        (None, ErrorKind::NotFound),
        (Some(&b"url = '\xff'"[..]), ErrorKind::Config),
        (Some(b"url = "), ErrorKind::Config),
        (Some(b"ulr = 'memory:'"), ErrorKind::Config),
        (Some(b"url = 'memry:'"), ErrorKind::Config),
    ] {
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        let error = Config::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains("store.toml"), "{error}");
    }
    assert_eq!(Config::from_file(folder.path()).unwrap_err().kind(), ErrorKind::Config);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_value_gets_into_a_message(value in "[A-Z]{8}[0-9A-Z]{0,20}") {
        for text in [
            format!("[engine]\npage_entries = '{value}'"),
            format!("[engine]\nnative_limits = '{value}'"),
            format!("engine = '{value}'"),
            format!("url = 'memory:?page_bytes={value}'"),
            format!("url = \"{value}"),
            format!("url = {value}"),
            format!("url = '{value}'"),
            format!("url = 'redisss://user:{value}@host'"),
        ] {
            let error = Config::from_toml(&text).unwrap_err();
            assert!(!error.to_string().contains(&value), "{text}: {error}");
            assert!(!format!("{error:?}").contains(&value), "{text}: {error:?}");
        }
    }
}
