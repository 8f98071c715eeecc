//! Memory stays bounded however many maps there are. Linux only: it asks the kernel.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::{fs, sync::Arc};

use bytes::Bytes;
use common::{claim, next};
use store_core::backend::{Changes, Commit, MapChange, MapId, Put};
use store_embedded::{EmbeddedBackend, EmbeddedConfig};
use tempfile::tempdir;

const MIB: u64 = 1 << 20;

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// None of the maps is ever full by itself.
#[tokio::test]
async fn recent_writes_of_many_maps_are_bounded_together() {
    let folder = tempdir().unwrap();
    let mut config = EmbeddedConfig::default();
    config.write_buffer_bytes = 16 * MIB;
    config.block_cache_bytes = MIB;
    let backend = EmbeddedBackend::open(folder.path(), config).await.unwrap();
    let claim = claim(&backend).await.unwrap();
    let mut checkpoint = claim.checkpoint.clone();
    let (before, mut most) = (resident_bytes(), 0);
    for n in 0..80_u8 {
        let entry = |key: u8| (Bytes::from(vec![key]), Some(Put::new(vec![n; 100 << 10].into())));
        let writes = (0..40).map(entry).collect();
        let changes: Changes = [(MapId::whole(n.into()), MapChange::Write(writes))].into();
        checkpoint = next(&checkpoint);
        let sent = Arc::new(Commit::new(checkpoint.clone(), changes));
        claim.writer.commit(&sent).await.unwrap();
        most = most.max(resident_bytes());
    }
    let grown = most.saturating_sub(before) / MIB;
    println!("320 MiB in 80 maps took {grown} MiB of memory");
    assert!(grown < 100, "{grown} MiB for 16 MiB of recent writes");
}
