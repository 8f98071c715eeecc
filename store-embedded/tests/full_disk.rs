//! A full disk: nothing half done, and the task goes on when there is room again.
//!
//! Needs the right to mount a small file system; without it the test fails.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::{fs, path::Path, process::Command};

use bytes::Bytes;
use common::{claim, commit, get, next, open};
use store_core::{Effect, ErrorKind, backend::Checkpoint};
use tempfile::tempdir;

struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(path: &'a Path) -> Self {
        let size = ["-t", "tmpfs", "-o", "size=24m", "tmpfs"];
        let mounted = Command::new("mount").args(size).arg(path).status();
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

/// Random bytes, which no compression makes smaller.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[3]
    };
    std::iter::repeat_with(byte).take(length).collect()
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    let folder = tempdir().unwrap();
    let disk = SmallDisk::mount(folder.path());
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
