//! Commits and reads at the waist.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(unreachable_pub, reason = "shared by test binaries")]
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use store_core::{
    Result,
    backend::{
        Backend, Changes, Checkpoint, Claim, Commit, MapChange, MapId, OwnerId, Put, StoreSpec,
        TaskId,
    },
};
use store_embedded::{EmbeddedBackend, EmbeddedConfig};

pub const MAP: MapId = MapId::whole(1);

pub async fn open(path: &Path) -> Result<EmbeddedBackend> {
    EmbeddedBackend::open(path, EmbeddedConfig::default()).await
}

pub fn task() -> TaskId {
    TaskId::new("app", 0).unwrap()
}

pub async fn claim(backend: &EmbeddedBackend) -> Result<Claim> {
    backend.claim(&task(), OwnerId::random(), &[]).await
}

/// A commit on top of a checkpoint that puts values under single-byte keys.
pub fn commit(before: &Checkpoint, puts: impl IntoIterator<Item = (u8, Vec<u8>)>) -> Arc<Commit> {
    let put = |(key, value): (u8, Vec<u8>)| (Bytes::from(vec![key]), Some(Put::new(value.into())));
    let writes = puts.into_iter().map(put).collect();
    let changes: Changes = [(MAP, MapChange::Write(writes))].into();
    Arc::new(Commit::new(next(before), changes))
}

pub fn next(before: &Checkpoint) -> Checkpoint {
    let mut checkpoint = before.clone();
    let spec = StoreSpec::new("s".parse().unwrap(), "key_value", "bytes", "raw");
    checkpoint.assign(&[spec]).unwrap();
    checkpoint.sequence += 1;
    checkpoint
}

pub async fn get(claim: &Claim, key: u8) -> Option<Bytes> {
    claim.writer.get_many(&[(MAP, Bytes::from(vec![key]))]).await.unwrap().remove(0)
}

/// Opens with so little memory that recent writes go to sorted files all the time.
pub async fn small(path: &Path) -> Result<EmbeddedBackend> {
    let mut config = EmbeddedConfig::default();
    config.memtable_bytes = 64 << 10;
    EmbeddedBackend::open(path, config).await
}

/// Random bytes, which no compression makes smaller.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[3]
    };
    std::iter::repeat_with(byte).take(length).collect()
}
