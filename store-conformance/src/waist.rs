//! Commits at the waist, for the cases of backends and for tests of adapters.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use bytes::Bytes;
use store_core::{
    Error, ErrorKind,
    backend::{
        Backend, Changes, Checkpoint, Claim, Commit, KeyRange, MapChange, MapId, Order, OwnerId,
        Page, PageLimit, Put, StoreSpec, TaskId, TaskReader,
    },
};

/// The map of the first store.
pub const MAP: MapId = MapId::whole(1);

/// What a map should hold.
pub type Model = BTreeMap<Bytes, Bytes>;

/// A task of the application `app`.
pub fn task(partition: u32) -> TaskId {
    TaskId::new("app", partition).expect("a legal name")
}

/// Bytes.
pub fn key(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

/// A claimed task with the checkpoint it is at.
#[derive(Debug)]
#[non_exhaustive]
pub struct Owner {
    /// What the backend gave.
    pub claim: Claim,
    /// The checkpoint the task is at.
    pub checkpoint: Checkpoint,
}

impl Owner {
    /// Claims a task.
    pub async fn claim(backend: &Arc<dyn Backend>, task: &TaskId) -> Result<Self> {
        let claim = backend.claim(task, OwnerId::random(), &[]).await?;
        let checkpoint = claim.checkpoint.clone();
        Ok(Self { claim, checkpoint })
    }

    /// The next commit, with these changes.
    pub fn next(&self, changes: Changes) -> Arc<Commit> {
        let mut checkpoint = self.checkpoint.clone();
        let spec = |name: &str| {
            StoreSpec::new(name.parse().expect("a legal name"), "key_value", "bytes", "raw")
        };
        checkpoint.assign(&[spec("one"), spec("two")]).expect("the same stores");
        checkpoint.sequence += 1;
        Arc::new(Commit::new(checkpoint, changes))
    }

    /// Commits and applies.
    pub async fn send(&mut self, commit: &Arc<Commit>) -> Result<(), Error> {
        self.claim.writer.commit(commit).await?;
        self.claim.writer.apply().await?;
        self.checkpoint = commit.checkpoint().clone();
        Ok(())
    }

    /// Commits entries of one map.
    pub async fn put(&mut self, map: MapId, entries: &Model) -> Result<(), Error> {
        let commit = self.next(puts(map, entries));
        self.send(&commit).await
    }

    /// The owner's reads.
    pub fn reader(&self) -> &dyn TaskReader {
        &*self.claim.writer
    }
}

/// Changes that put entries of one map.
pub fn puts(map: MapId, entries: &Model) -> Changes {
    let put = |(key, value): (&Bytes, &Bytes)| (key.clone(), Some(Put::new(value.clone())));
    [(map, MapChange::Write(entries.iter().map(put).collect()))].into()
}

/// Changes that delete keys of one map.
pub fn deletes(map: MapId, keys: impl IntoIterator<Item = Bytes>) -> Changes {
    [(map, MapChange::Write(keys.into_iter().map(|key| (key, None)).collect()))].into()
}

/// Everything in a range, page by page.
pub async fn scan(
    reader: &dyn TaskReader,
    map: MapId,
    range: KeyRange,
    order: Order,
    limit: PageLimit,
) -> Result<Vec<(Bytes, Bytes)>> {
    scan_pages(reader, map, range, order, limit, |_| Ok(())).await
}

/// The same, with a look at each page.
pub(crate) async fn scan_pages(
    reader: &dyn TaskReader,
    map: MapId,
    range: KeyRange,
    order: Order,
    limit: PageLimit,
    mut see: impl FnMut(&Page) -> Result<()>,
) -> Result<Vec<(Bytes, Bytes)>> {
    let (mut rest, mut all) = (Some(range), Vec::new());
    while let Some(range) = rest {
        let page = reader.scan(map, &range, order, limit).await?;
        anyhow::ensure!(page.entries.len() <= limit.entries, "a page is too long");
        see(&page)?;
        all.extend(page.entries);
        let goes_on = page.resume.as_ref().is_none_or(|last| range.contains(last));
        anyhow::ensure!(goes_on, "a page goes on outside of what it was asked for");
        rest = page.resume.map(|last| range.after(last, order));
    }
    Ok(all)
}

/// All entries of a map.
pub async fn all(reader: &dyn TaskReader, map: MapId) -> Result<Model> {
    let entries = scan(reader, map, KeyRange::ALL, Order::Forward, PageLimit::default()).await?;
    Ok(entries.into_iter().collect())
}

/// The kind of an error, where there is one.
pub fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}
