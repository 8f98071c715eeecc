//! The directory: locks, versions, damage.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use common::{MAP, claim, commit, get, next, noise, open, small, task};
use futures::FutureExt;
use store_core::{
    ErrorKind,
    backend::{Backend, KeyRange, MapId, OwnerId, TaskId},
};
use tempfile::tempdir;

fn worker(path: &Path) -> Child {
    let tests = std::env::current_exe().unwrap();
    let worker = tests.parent().unwrap().parent().unwrap().join("examples/commit_forever");
    Command::new(worker).arg(path).stdout(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
async fn state_outlives_its_handles() {
    let folder = tempdir().unwrap();
    for round in 0..3_u8 {
        let backend = open(folder.path()).await.unwrap();
        let claim = claim(&backend).await.unwrap();
        assert_eq!(claim.checkpoint.sequence, u64::from(round));
        assert_eq!(get(&claim, 1).await, round.checked_sub(1).map(|n| Bytes::from(vec![n])));
        claim.writer.commit(&commit(&claim.checkpoint, [(1, vec![round])])).await.unwrap();
    }
}

#[tokio::test]
async fn handles_of_one_process_share_and_fence() {
    let folder = tempdir().unwrap();
    let (one, two) = (open(folder.path()).await.unwrap(), open(folder.path()).await.unwrap());
    let old = claim(&one).await.unwrap();
    let new = claim(&two).await.unwrap();
    let error = old.writer.commit(&commit(&old.checkpoint, [(1, vec![1])])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced);
    new.writer.commit(&commit(&new.checkpoint, [(1, vec![2])])).await.unwrap();
    assert_eq!(get(&new, 1).await, Some(Bytes::from_static(&[2])));
}

#[tokio::test]
async fn a_second_process_is_told_to_wait() {
    let folder = tempdir().unwrap();
    let mut other = worker(folder.path());
    let mut said = String::new();
    BufReader::new(other.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    let error = open(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.is_retryable());
    other.kill().unwrap();
    other.wait().unwrap();
    open(folder.path()).await.unwrap();
}

/// An acknowledged commit is there after kill -9, and no commit is there in part.
#[tokio::test]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let folder = tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..25_u64 {
        let mut child = worker(folder.path());
        let out = child.stdout.take().unwrap();
        let (first, started) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            let numbers = lines.filter_map(|line| line.parse::<u64>().ok());
            numbers
                .inspect(|_| {
                    // Nobody listens once the round is over.
                    let _ = first.send(());
                })
                .last()
        });
        // Every other worker is killed while it commits, however slow the machine is; the others maybe while they begin.
        if round % 2 == 1 {
            started.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(40 + round * 37 % 90)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = reader.join().unwrap().unwrap_or(acknowledged);

        let backend = open(folder.path()).await.unwrap();
        let task = TaskId::new("crash", 0).unwrap();
        let claim = backend.claim(&task, OwnerId::random(), &[]).await.unwrap();
        let stored = claim.checkpoint.sequence;
        assert!(stored >= acknowledged, "acknowledged {acknowledged}, stored {stored}");
        for map in [MapId::whole(1), MapId::segment(1, 7)] {
            let page =
                claim.writer.scan(map, &KeyRange::ALL, Default::default(), Default::default());
            let numbers = page.await.unwrap().entries;
            assert_eq!(numbers.len(), if stored == 0 { 0 } else { 10 });
            assert!(numbers.iter().all(|(_, number)| number[..] == stored.to_be_bytes()));
        }
    }
    assert!(acknowledged >= 12, "the workers did work: {acknowledged}");
}

#[tokio::test]
async fn other_versions_and_foreign_directories_are_refused_unchanged() {
    let folder = tempdir().unwrap();
    drop(open(folder.path()).await.unwrap());
    let layout = folder.path().join("layout");
    assert_eq!(fs::read_to_string(&layout).unwrap(), "store-embedded 1\n");
    for (text, kind) in [
        ("store-embedded 2\n", ErrorKind::SchemaMismatch),
        ("store-embedded", ErrorKind::Corrupt),
        ("", ErrorKind::Corrupt),
    ] {
        fs::write(&layout, text).unwrap();
        assert_eq!(open(folder.path()).await.unwrap_err().kind(), kind);
        assert_eq!(fs::read_to_string(&layout).unwrap(), text);
    }
    fs::remove_file(&layout).unwrap();
    assert_eq!(open(folder.path()).await.unwrap_err().kind(), ErrorKind::Corrupt);

    let foreign = tempdir().unwrap();
    fs::write(foreign.path().join("thesis.txt"), "years of work").unwrap();
    assert_eq!(open(foreign.path()).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(fs::read_dir(foreign.path()).unwrap().count(), 1);
    let fresh = tempdir().unwrap();
    fs::create_dir(fresh.path().join("lost+found")).unwrap();
    drop(open(fresh.path()).await.unwrap());
    let file = foreign.path().join("thesis.txt");
    assert!(open(&file).await.is_err());
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

const COMMITS: u8 = 40;

async fn filled(folder: &Path) {
    let backend = small(folder).await.unwrap();
    let claim = claim(&backend).await.unwrap();
    let mut checkpoint = claim.checkpoint.clone();
    for n in 0..COMMITS {
        let sent = commit(&checkpoint, [(n, noise(3000, n.into())), (255, vec![n])]);
        claim.writer.commit(&sent).await.unwrap();
        checkpoint = next(&checkpoint);
    }
}

/// What a damaged directory gives: an error somewhere, or all that was acknowledged.
async fn survey(folder: &Path) -> Result<(), String> {
    let told = |error: store_core::Error| format!("{}", error.kind());
    let backend = open(folder).await.map_err(told)?;
    let claim = claim(&backend).await.map_err(told)?;
    let keys: Vec<_> = (0..COMMITS).map(|n| (MAP, Bytes::from(vec![n]))).collect();
    let values = claim.writer.get_many(&keys).await.map_err(told)?;
    let (all, order) = (KeyRange::ALL, Default::default());
    let page = claim.writer.scan(MAP, &all, order, Default::default()).await.map_err(told)?;
    assert_eq!(claim.checkpoint.sequence, u64::from(COMMITS), "a lost commit went unnoticed");
    for (n, value) in (0..COMMITS).zip(values) {
        assert!(
            value.is_some_and(|value| value[..] == noise(3000, n.into())),
            "a wrong value of key {n}"
        );
    }
    assert_eq!(page.entries.len(), usize::from(COMMITS) + 1);
    Ok(())
}

/// Every file is cut, flipped and removed in turn.
#[tokio::test]
async fn damage_is_an_error_and_never_a_silent_loss() {
    let folder = tempdir().unwrap();
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    filled(&good).await;
    let mut all = Vec::new();
    files(&good, &mut all);
    let (mut noticed, mut harmless) = (0, 0);
    for file in all {
        let name = file.strip_prefix(&good).unwrap().to_owned();
        let length = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap();
        // The marks are the witness against the rest, and the lock is empty.
        if name.starts_with("acknowledged") || length == 0 {
            continue;
        }
        for part in 0..9 {
            copy(&good, &bad);
            let mut bytes = fs::read(&file).unwrap();
            let used = bytes.iter().rposition(|&byte| byte != 0).map_or(length, |last| last + 1);
            let at = used * (part / 3 + 1) / 4;
            match part % 3 {
                0 => bytes.truncate(at),
                1 => bytes[at.min(length - 1)] ^= 0x10,
                _ => bytes[at..used].fill(0),
            }
            fs::write(bad.join(&name), bytes).unwrap();
            match survey(&bad).await {
                Ok(()) => harmless += 1,
                Err(kind) => {
                    assert!(
                        ["Corrupt", "SchemaMismatch"].contains(&kind.as_str()),
                        "{name:?}: {kind}"
                    );
                    noticed += 1;
                }
            }
            fs::remove_dir_all(&bad).unwrap();
        }
        if name == Path::new("lock") {
            continue;
        }
        copy(&good, &bad);
        fs::remove_file(bad.join(&name)).unwrap();
        if let Err(kind) = survey(&bad).await {
            assert_eq!(kind, "Corrupt", "without {name:?}");
            noticed += 1;
        }
        fs::remove_dir_all(&bad).unwrap();
    }
    println!("{noticed} damages noticed, {harmless} harmless");
    assert!(noticed > 20);
}

#[tokio::test]
async fn destroy_removes_one_task_and_keeps_its_epoch() {
    let folder = tempdir().unwrap();
    let backend = open(folder.path()).await.unwrap();
    let zombie = claim(&backend).await.unwrap();
    zombie.writer.commit(&commit(&zombie.checkpoint, [(1, vec![1])])).await.unwrap();
    let other = TaskId::new("app", 1).unwrap();
    let kept = backend.claim(&other, OwnerId::random(), &[]).await.unwrap();
    kept.writer.commit(&commit(&kept.checkpoint, [(1, vec![9])])).await.unwrap();

    backend.destroy(&task()).await.unwrap();
    assert_eq!(backend.destroy(&task()).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(backend.read(&task()).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(backend.tasks(&other.application).await.unwrap().len(), 1);
    let after = next(&zombie.checkpoint);
    let error = zombie.writer.commit(&commit(&after, [(1, vec![2])])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced);
    drop((backend, zombie));

    let backend = open(folder.path()).await.unwrap();
    let new = claim(&backend).await.unwrap();
    assert_eq!(new.checkpoint.sequence, 0);
    assert_eq!(get(&new, 1).await, None);
    assert_eq!(get(&kept, 1).await, Some(Bytes::from_static(&[9])));
    assert_eq!(backend.tasks(&other.application).await.unwrap()[0].epoch, 3);
}

/// Who only looks is told of a loss, too.
#[tokio::test]
async fn a_lost_journal_is_not_taken_for_no_task() {
    let folder = tempdir().unwrap();
    let backend = open(folder.path()).await.unwrap();
    let lost = claim(&backend).await.unwrap();
    lost.writer.commit(&commit(&lost.checkpoint, [(1, vec![1])])).await.unwrap();
    drop((backend, lost));
    let empty = tempdir().unwrap();
    drop(open(empty.path()).await.unwrap());
    fs::remove_dir_all(folder.path().join("data")).unwrap();
    fs::rename(empty.path().join("data"), folder.path().join("data")).unwrap();

    let backend = open(folder.path()).await.unwrap();
    let application = task().application;
    let refused = [
        backend.tasks(&application).await.unwrap_err(),
        backend.read(&task()).await.unwrap_err(),
        claim(&backend).await.unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::Corrupt), "{refused:?}");
    assert!(backend.tasks(&"other".parse().unwrap()).await.unwrap().is_empty());
}

#[test]
fn outside_of_a_runtime_is_an_error() {
    let folder = tempdir().unwrap();
    let refused = open(folder.path()).now_or_never();
    assert_eq!(refused.unwrap().unwrap_err().kind(), ErrorKind::Config);
}

/// Opening a task to read it while its owner commits is no sign of a loss.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_come_while_the_owner_commits() {
    let folder = tempdir().unwrap();
    let backend = open(folder.path()).await.unwrap();
    let owner = claim(&backend).await.unwrap();
    let commits = tokio::spawn(async move {
        let mut checkpoint = owner.checkpoint.clone();
        for n in 0..100 {
            owner.writer.commit(&commit(&checkpoint, [(n, vec![n])])).await.unwrap();
            checkpoint = next(&checkpoint);
        }
    });
    let mut opened = 0;
    while !commits.is_finished() {
        backend.read(&task()).await.unwrap();
        backend.tasks(&task().application).await.unwrap();
        opened += 1;
    }
    commits.await.unwrap();
    assert!(opened > 20, "{opened}");
}
