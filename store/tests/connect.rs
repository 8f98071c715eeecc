//! From a URL to a store.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use store::{Config, ErrorKind, prelude::*};

static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

async fn write_and_read(database: &Database) {
    let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    counts.put(&"a".to_owned(), &1).await.unwrap();
    task.commit([("s", 1)]).await.unwrap();
    let read = database.read("app", 0).await.unwrap();
    let counts = read.store(&COUNTS).await.unwrap();
    assert_eq!(counts.get(&"a".to_owned()).await.unwrap(), Some(1));
}

#[tokio::test]
async fn each_memory_is_a_new_one() {
    let database = store::connect("memory:").await.unwrap();
    write_and_read(&database).await;
    let other = store::connect("memory:").await.unwrap();
    assert_eq!(other.read("app", 0).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn connect_refuses_what_config_refuses() {
    for (url, kind) in [
        ("", ErrorKind::Config),
        ("memry:", ErrorKind::Config),
        ("memory:?page_entrys=1", ErrorKind::Config),
        ("memory:?page_entries=0", ErrorKind::Config),
        ("redisss://localhost", ErrorKind::Config),
    ] {
        assert_eq!(store::connect(url).await.unwrap_err().kind(), kind, "{url}");
    }
}

#[tokio::test]
async fn what_a_program_sets_in_the_fields_is_checked_too() {
    let mut config = Config::default();
    config.url = "memory:?page_entries=0".to_owned();
    assert_eq!(config.connect().await.unwrap_err().kind(), ErrorKind::Config);
    config.url = "memory:?page_entries=1".to_owned();
    write_and_read(&config.connect().await.unwrap()).await;
    config.url = "memory:".to_owned();
    config.engine.page_bytes = 0;
    assert_eq!(config.connect().await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn settings_of_the_engine_reach_it() {
    let url = "memory:?uncommitted_soft_bytes=1&uncommitted_hard_bytes=300";
    let database = store::connect(url).await.unwrap();
    let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    assert!(!task.wants_commit());
    counts.put(&"a".to_owned(), &1).await.unwrap();
    assert!(task.wants_commit());
    let error = counts.put(&"b".to_owned(), &1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BufferFull);
}

#[cfg(feature = "embedded")]
mod embedded {
    use std::fs;

    use store::ErrorKind;
    use tempfile::tempdir;

    use super::write_and_read;

    #[tokio::test]
    async fn a_folder_keeps_the_state() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a b/100%");
        let url = format!("embedded:{}", path.display()).replace('%', "%25");
        write_and_read(&store::connect(&url).await.unwrap()).await;
        assert!(path.is_dir());
        let database = store::connect(&url).await.unwrap();
        assert_eq!(database.tasks("app").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_file_in_place_of_the_folder_is_refused() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "text").unwrap();
        for url in
            [format!("embedded:{}", path.display()), format!("embedded:{}/x", path.display())]
        {
            let error = store::connect(&url).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(error.to_string().contains("file"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), "text");
        }
    }

    #[tokio::test]
    async fn a_folder_of_something_else_is_refused() {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("file"), "text").unwrap();
        let url = format!("embedded:{}", folder.path().display());
        assert_eq!(store::connect(&url).await.unwrap_err().kind(), ErrorKind::Config);
    }
}

#[tokio::test]
#[cfg(feature = "redis")]
async fn a_server_that_is_not_there_is_unavailable_and_its_password_not_shown() {
    for (url, kind) in [
        ("redis://user:hunter2@127.0.0.1:1", ErrorKind::Unavailable),
        ("redis://user:hunter2@127.0.0.1:1?timeout_ms=100", ErrorKind::Unavailable),
        ("redis://user:hunter2@127.0.0.1:port", ErrorKind::Config),
        ("redis://user:hunter2@127.0.0.1:1/hunter2", ErrorKind::Config),
    ] {
        let error = store::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}: {error:?}");
    }
}
