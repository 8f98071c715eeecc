//! What goes down from the store: to its codec, and to the backend.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{
    EngineConfig,
    backend::{Commit, MapChange},
    codec::{Codec, Key, Raw},
    prelude::*,
};

use super::{
    tools::{Life, NUMBERS, bytes, numbers, same},
    watched::Watched,
};
use crate::Context;

/// Counts what it encodes.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Codec<Bytes> for Counting {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn encode(&self, value: &Bytes) -> store_core::Result<Bytes> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Raw.encode(value)
    }

    fn decode(&self, bytes: Bytes) -> store_core::Result<Bytes> {
        Raw.decode(bytes)
    }
}

pub(crate) async fn a_delete_encodes_no_value(context: Context) -> Result<()> {
    let codec = Counting::default();
    let definition: KeyValue<u32, Bytes, Counting> = KeyValue::new("counted").values(codec.clone());
    let life = Life::with(&context, &definition, (0..3).map(|n| (n, bytes("x")))).await?;
    life.task.commit(()).await?;
    let before = codec.0.load(Ordering::Relaxed);
    ensure!(before > 0, "the codec is not asked");
    life.store.delete(&0).await?;
    life.store.put_all(vec![(1, None)]).await?;
    life.store.update(&2, |_| None).await?;
    life.task.commit(()).await?;
    same(&codec.0.load(Ordering::Relaxed), &before)
}

/// What a commit does to the only map: values put, or none where a key is deleted.
pub(crate) fn writes(commit: &Commit) -> Result<Vec<(Bytes, Option<Bytes>)>> {
    let mut writes = Vec::new();
    for change in commit.changes().values() {
        let MapChange::Write(change) = change else { anyhow::bail!("a map was dropped") };
        let value = |(key, put): (&Bytes, &Option<store_core::backend::Put>)| {
            (key.clone(), put.as_ref().map(|put| put.value.clone()))
        };
        writes.extend(change.iter().map(value));
    }
    Ok(writes)
}

pub(crate) async fn commits_hold_what_changed(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let database = watched.database(EngineConfig::default())?;
    let task = database.task("app", 0).store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    let entries = numbers([0, 1, 2, 4, 5]);
    for (key, value) in &entries {
        store.put(key, &"overwritten".to_owned()).await?;
        store.put(key, value).await?;
    }
    task.commit(()).await?;
    store.delete(&5).await?;
    task.commit(()).await?;
    let commits = watched.take().commits;
    same(&commits.len(), &2)?;
    let put = |(key, value): &(u32, String)| -> Result<_> {
        Ok((key.to_bytes()?, Some(bytes(serde_json::to_vec(value)?))))
    };
    same(&writes(&commits[0])?, &entries.iter().map(put).collect::<Result<_>>()?)?;
    same(&writes(&commits[1])?, &vec![(5_u32.to_bytes()?, None)])
}
