//! An adapter, called directly.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use bytes::Bytes;
use store::backend::{
    Backend, Changes, Checkpoint, Commit, KeyRange, MapChange, MapId, Order, OwnerId, PageLimit,
    Put, TaskId, TaskWriter,
};
use tokio::sync::Mutex;

use super::{Bare, Write};

/// A claimed task, without an engine. Commits of several handles come one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Waist {
    writer: Arc<dyn TaskWriter>,
    checkpoint: Arc<Mutex<Checkpoint>>,
}

impl Waist {
    /// Claims a task of this name.
    pub(crate) async fn claim(backend: &dyn Backend, name: &str) -> Result<Self> {
        let claim = backend.claim(&TaskId::new(name, 0)?, OwnerId::random(), &[]).await?;
        Ok(Self { writer: claim.writer, checkpoint: Arc::new(Mutex::new(claim.checkpoint)) })
    }
}

impl Bare for Waist {
    async fn get<T: Send>(
        &mut self,
        map: MapId,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T + Send,
    ) -> Result<T> {
        let values = self.writer.get_many(&[(map, Bytes::copy_from_slice(key))]).await?;
        let value = values.into_iter().next().context("a value for each key")?;
        Ok(see(value.as_deref()))
    }

    async fn scan(
        &mut self,
        map: MapId,
        (from, to): (&[u8], &[u8]),
        limit: usize,
        mut see: impl FnMut(&[u8], &[u8]) + Send,
    ) -> Result<()> {
        let [from, to] = [from, to].map(|end| Some(Bytes::copy_from_slice(end)));
        let mut range = KeyRange::inclusive(from, to);
        let mut page = PageLimit::default();
        let mut left = limit;
        while left > 0 {
            page.entries = page.entries.min(left);
            let found = self.writer.scan(map, &range, Order::Forward, page).await?;
            left -= found.entries.len();
            for (key, value) in &found.entries {
                see(key, value);
            }
            let Some(resume) = found.resume else { break };
            range = range.after(resume, Order::Forward);
        }
        Ok(())
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Result<()> {
        let mut maps = BTreeMap::<MapId, BTreeMap<Bytes, Option<Put>>>::new();
        for (map, key, value) in writes {
            maps.entry(map).or_default().insert(key.into(), value.map(Put::new));
        }
        let written = |(map, writes)| (map, MapChange::Write(writes));
        let changes: Changes = maps.into_iter().map(written).collect();
        let mut checkpoint = self.checkpoint.lock().await;
        let mut next = checkpoint.clone();
        next.sequence += 1;
        self.writer.commit(&Arc::new(Commit::new(next.clone(), changes))).await?;
        self.writer.apply().await?;
        *checkpoint = next;
        Ok(())
    }

    fn handle(&self) -> Option<Self> {
        Some(self.clone())
    }
}
