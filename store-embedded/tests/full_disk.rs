//! A full disk: nothing half done, and the task goes on when there is room again.
//!
//! Needs the right to mount a small file system; without it the test fails.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::{fs, path::Path, process::Command, time::Duration};

use bytes::Bytes;
use common::{claim, commit, get, next, noise, open, small};
use store_core::{Effect, ErrorKind, backend::Checkpoint};
use tempfile::tempdir;
use tokio::time::timeout;

/// Far longer than any commit takes that is not stuck.
const PATIENCE: Duration = Duration::from_secs(60);

struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(path: &'a Path, mib: u32) -> Self {
        let (kind, size) = (["-t", "tmpfs", "tmpfs"], ["-o".to_owned(), format!("size={mib}m")]);
        let mounted = Command::new("mount").args(size).args(kind).arg(path).status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test mounts a tmpfs: run it as root, or in a container with --cap-add SYS_ADMIN"
        );
        Self(path)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    let folder = tempdir().unwrap();
    let disk = SmallDisk::mount(folder.path(), 24);
    let ballast = folder.path().join("ballast");
    let state = folder.path().join("state");
    fs::write(&ballast, vec![1; 8 << 20]).unwrap();

    let backend = open(&state).await.unwrap();
    let claim = claim(&backend).await.unwrap();
    let mut checkpoint = claim.checkpoint.clone();
    let sent = |checkpoint: &Checkpoint, n: u64| {
        commit(checkpoint, [(1, noise(300_000, n)), (2, n.to_be_bytes().to_vec())])
    };
    let (mut n, mut failures) = (0, 0);
    // Opening the engine anew can free some space, so a failed commit may work when it is sent again.
    while failures < 4 {
        match claim.writer.commit(&sent(&checkpoint, n)).await {
            Ok(()) => {
                checkpoint = next(&checkpoint);
                n += 1;
                assert!(n < 1000, "the disk does not fill");
            }
            Err(error) => {
                let said = (error.kind(), error.effect());
                assert_eq!(said, (ErrorKind::OutOfSpace, Effect::NotApplied), "{error:?}");
                let last = Bytes::copy_from_slice(&(n - 1).to_be_bytes());
                assert_eq!(get(&claim, 2).await, Some(last), "reads go on");
                failures += 1;
            }
        }
    }

    fs::remove_file(&ballast).unwrap();
    claim.writer.commit(&sent(&checkpoint, n)).await.unwrap();
    assert_eq!(get(&claim, 2).await, Some(Bytes::copy_from_slice(&n.to_be_bytes())));
    drop((claim, backend));

    let backend = open(&state).await.unwrap();
    let claim = common::claim(&backend).await.unwrap();
    assert_eq!(claim.checkpoint.sequence, n + 1);
    assert_eq!(get(&claim, 1).await, Some(noise(300_000, n).into()));
    drop((claim, backend, disk));
}

/// Commits as large as the engine's parts, so that the disk also fills while files are written out in the background.
#[tokio::test]
async fn large_commits_do_not_hang_on_a_full_disk() {
    let folder = tempdir().unwrap();
    let disk = SmallDisk::mount(folder.path(), 120);
    let state = folder.path().join("state");
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![1; 32 << 20]).unwrap();
    let backend = small(&state).await.unwrap();
    let claim = claim(&backend).await.unwrap();
    let mut checkpoint = claim.checkpoint.clone();
    let value = |n: u64| [&n.to_be_bytes()[..], &noise(50_000, 1)].concat();
    let mut n = 0;
    for failures in 0..3 {
        loop {
            let sent = commit(&checkpoint, (0..20).map(|key| (key, value(n))));
            let done = timeout(PATIENCE, claim.writer.commit(&sent)).await;
            if let Err(error) = done.expect("a commit hangs") {
                let said = (error.kind(), error.effect());
                assert_eq!(said, (ErrorKind::OutOfSpace, Effect::NotApplied), "{error:?}");
                break;
            }
            (n, checkpoint) = (n + 1, next(&checkpoint));
            assert!(n < 3000, "the disk does not fill after {failures} failures");
        }
    }
    fs::remove_file(&ballast).unwrap();
    let sent = commit(&checkpoint, (0..20).map(|key| (key, value(n))));
    timeout(PATIENCE, claim.writer.commit(&sent)).await.expect("a commit hangs").unwrap();
    assert_eq!(get(&claim, 1).await, Some(value(n).into()));
    drop((claim, backend, disk));
}
