//! Damage that the engine itself does not tell: lost journals in the middle, leftovers, half-made directories.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use common::{MAP, claim, get, next, noise, open, small, task};
use store_core::{
    ErrorKind,
    backend::{
        Backend, Changes, Checkpoint, Claim, Commit, KeyRange, MapChange, MapId, OwnerId, Put,
        TaskId,
    },
};
use tempfile::tempdir;

const OTHER: MapId = MapId::whole(2);

async fn put(
    claim: &Claim,
    before: &Checkpoint,
    map: MapId,
    key: u8,
    value: Vec<u8>,
) -> Checkpoint {
    let writes = [(Bytes::from(vec![key]), Some(Put::new(value.into())))].into();
    let changes: Changes = [(map, MapChange::Write(writes))].into();
    let after = next(before);
    claim.writer.commit(&Arc::new(Commit::new(after.clone(), changes))).await.unwrap();
    after
}

fn journals(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder.join("data")).unwrap().map(|entry| entry.unwrap().path());
    let mut journals: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "jnl")).collect();
    journals
        .sort_by_key(|path| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap());
    journals
}

/// The last commit is there and one before it is not.
#[tokio::test]
async fn a_journal_lost_in_the_middle_is_noticed() {
    for remove in [false, true] {
        let folder = tempdir().unwrap();
        let backend = small(folder.path()).await.unwrap();
        let claimed = claim(&backend).await.unwrap();
        // In a sorted file, then once more in the journal only.
        let mut checkpoint = put(&claimed, &claimed.checkpoint, MAP, 1, noise(200_000, 1)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        checkpoint = put(&claimed, &checkpoint, MAP, 1, b"acknowledged".to_vec()).await;
        while journals(folder.path()).len() < 2 {
            checkpoint = put(&claimed, &checkpoint, OTHER, 1, noise(4 << 20, 7)).await;
            assert!(checkpoint.sequence < 100, "the journal is never cut");
        }
        checkpoint = put(&claimed, &checkpoint, OTHER, 1, b"last".to_vec()).await;
        drop((claimed, backend));

        let oldest = &journals(folder.path())[0];
        if remove {
            fs::remove_file(oldest).unwrap();
        } else {
            fs::write(oldest, b"").unwrap();
        }
        for _ in 0..2 {
            let backend = small(folder.path()).await.unwrap();
            let error = claim(&backend).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert!(error.to_string().contains("Restore the directory"), "{error}");
            assert_eq!(backend.read(&task()).await.unwrap_err().kind(), ErrorKind::Corrupt);
            let tasks = backend.tasks(&task().application).await.unwrap();
            assert_eq!(tasks[0].checkpoint.sequence, checkpoint.sequence);
        }
        let backend = small(folder.path()).await.unwrap();
        backend.destroy(&task()).await.unwrap();
        let again = claim(&backend).await.unwrap();
        assert_eq!((again.checkpoint.sequence, get(&again, 1).await), (0, None));
    }
}

#[tokio::test]
async fn a_lost_end_is_noticed_and_can_be_accepted() {
    let folder = tempdir().unwrap();
    let backend = open(folder.path()).await.unwrap();
    let claimed = claim(&backend).await.unwrap();
    let first = put(&claimed, &claimed.checkpoint, MAP, 1, vec![1]).await;
    let journal = &journals(folder.path())[0];
    let kept = fs::read(journal).unwrap();
    put(&claimed, &first, MAP, 1, vec![2]).await;
    drop((claimed, backend));
    fs::write(journal, kept).unwrap();

    for _ in 0..2 {
        let backend = open(folder.path()).await.unwrap();
        let error = claim(&backend).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("has lost commits 2 to 2"), "{error}");
        assert_eq!(backend.read(&task()).await.unwrap_err().kind(), ErrorKind::Corrupt);
    }
    fs::remove_file(folder.path().join("acknowledged/app@0")).unwrap();
    let backend = open(folder.path()).await.unwrap();
    let claimed = claim(&backend).await.unwrap();
    assert_eq!((claimed.checkpoint.sequence, get(&claimed, 1).await), (1, Some(vec![1].into())));
}

#[tokio::test]
async fn a_state_that_is_gone_is_noticed() {
    let folder = tempdir().unwrap();
    let backend = open(folder.path()).await.unwrap();
    let claimed = claim(&backend).await.unwrap();
    put(&claimed, &claimed.checkpoint, MAP, 1, vec![1]).await;
    drop((claimed, backend));
    let away = folder.path().join("away");
    fs::rename(folder.path().join("data"), &away).unwrap();
    let error = open(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    fs::rename(&away, folder.path().join("data")).unwrap();
    let claimed = claim(&open(folder.path()).await.unwrap()).await.unwrap();
    assert_eq!(get(&claimed, 1).await, Some(vec![1].into()));
}

/// Killed while the engine makes its files, at which point it cannot open them itself.
#[tokio::test]
async fn a_half_made_directory_can_be_opened() {
    let tests = std::env::current_exe().unwrap();
    let worker = tests.parent().unwrap().parent().unwrap().join("examples/commit_forever");
    let mut half = 0;
    for _ in 0..20 {
        let folder = tempdir().unwrap();
        let made = |file: &str| {
            ["data", "data.new"].iter().any(|data| folder.path().join(data).join(file).exists())
        };
        let mut child =
            Command::new(&worker).arg(folder.path()).stdout(Stdio::null()).spawn().unwrap();
        while !made("0.jnl") {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        half += u32::from(!made("version"));
        let backend = open(folder.path()).await.unwrap();
        backend.claim(&TaskId::new("crash", 0).unwrap(), OwnerId::random(), &[]).await.unwrap();
    }
    assert!(half > 0, "never killed in time");
}

/// What a crash leaves between a commit that drops a map and its removal.
#[tokio::test]
async fn leftovers_of_dropped_maps_are_absent_and_swept() {
    let folder = tempdir().unwrap();
    let segment = MapId::segment(2, 5);
    let backend = open(folder.path()).await.unwrap();
    let claimed = claim(&backend).await.unwrap();
    put(&claimed, &claimed.checkpoint, MAP, 1, vec![1]).await;
    drop((claimed, backend));
    {
        let engine = fjall::Database::builder(folder.path().join("data")).open().unwrap();
        let leftover = engine.keyspace("app@0@2@5", Default::default).unwrap();
        leftover.insert(b"kx", b"old").unwrap();
    }
    let names = |folder: &Path| {
        let engine = fjall::Database::builder(folder.join("data")).open().unwrap();
        engine.list_keyspace_names().len()
    };
    assert_eq!(names(folder.path()), 3);

    let backend = open(folder.path()).await.unwrap();
    let reader = backend.read(&task()).await.unwrap();
    let all = |reader| async move {
        let reader: Arc<dyn store_core::backend::TaskReader> = reader;
        reader.scan(segment, &KeyRange::ALL, Default::default(), Default::default()).await.unwrap()
    };
    assert!(all(reader.clone()).await.entries.is_empty());
    let claimed = claim(&backend).await.unwrap();
    put(&claimed, &claimed.checkpoint, segment, 7, vec![7]).await;
    assert_eq!(all(reader.clone()).await.entries.len(), 1);
    drop((reader, claimed, backend));
    assert_eq!(names(folder.path()), 3);
}

#[tokio::test]
async fn settings_the_engine_does_not_take_are_refused() {
    let folder = tempdir().unwrap();
    let mut config = store_embedded::EmbeddedConfig::default();
    config.journal_bytes = 1;
    let error = store_embedded::EmbeddedBackend::open(folder.path(), config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("journal_bytes is 1"), "{error}");
    for threads in [0, 65] {
        let mut config = store_embedded::EmbeddedConfig::default();
        config.worker_threads = threads;
        let opened = store_embedded::EmbeddedBackend::open(folder.path(), config).await;
        let error = opened.unwrap_err().to_string();
        assert!(error.contains(&format!("worker_threads is {threads}")), "{error}");
    }
}
