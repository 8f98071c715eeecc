//! Commits until it is killed and prints the sequence number of each acknowledged commit; for crash tests.
//!
//! Every commit writes its number under 20 keys of two maps, so that half a commit would show.

use std::{collections::BTreeMap, io::Write, sync::Arc};

use bytes::Bytes;
use store_core::{
    Result,
    backend::{Backend, Changes, Commit, MapChange, MapId, OwnerId, Put, StoreSpec, TaskId},
};
use store_embedded::{EmbeddedBackend, EmbeddedConfig};

#[tokio::main]
async fn main() -> Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "state".to_owned());
    let backend = EmbeddedBackend::open(path, EmbeddedConfig::default()).await?;
    let task = TaskId::new("crash", 0)?;
    let claim = backend.claim(&task, OwnerId::random(), &[]).await?;
    let mut checkpoint = claim.checkpoint;
    let spec = StoreSpec::new("numbers".parse()?, "key_value", "bytes", "raw");
    checkpoint.assign(&[spec])?;
    loop {
        checkpoint.sequence += 1;
        let number = Bytes::copy_from_slice(&checkpoint.sequence.to_be_bytes());
        let put = |n: u8| (Bytes::from(vec![n]), Some(Put::new(number.clone())));
        let writes: BTreeMap<_, _> = (0..10).map(put).collect();
        let maps = [MapId::whole(1), MapId::segment(1, 7)];
        let changes: Changes = maps.map(|map| (map, MapChange::Write(writes.clone()))).into();
        claim.writer.commit(&Arc::new(Commit::new(checkpoint.clone(), changes))).await?;
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{}", checkpoint.sequence).and_then(|()| out.flush()).is_err() {
            return Ok(());
        }
    }
}
