//! Commits until it is killed or fenced, and prints the sequence number of each acknowledged commit, then why it ended.
//!
//! Every commit writes its number under 20 keys of two maps, so that half a commit would show.

use std::{collections::BTreeMap, env, io::Write, path::Path, sync::Arc};

use bytes::Bytes;
use sqlite_backend::{SqliteBackend, SqliteConfig};
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Changes, Commit, MapChange, MapId, OwnerId, Put, TaskId},
};

fn main() {
    let path = env::args_os().nth(1).unwrap_or_else(|| "state.db".into());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(commit_forever(path.as_ref())),
        Err(error) => Err(Error::new(ErrorKind::Unavailable, error.to_string())),
    };
    if let Err(error) = ended {
        println!("{}", error.kind());
    }
}

async fn commit_forever(path: &Path) -> Result<()> {
    let backend = SqliteBackend::open(path, SqliteConfig::default()).await?;
    let claim = backend.claim(&TaskId::new("app", 0)?, OwnerId::random(), &[]).await?;
    let mut checkpoint = claim.checkpoint;
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
