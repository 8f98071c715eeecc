//! Faults that alter what is asked, sent or answered, each by a function.

use std::sync::Arc;

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{
        Backend, Capabilities, Changes, Checkpoint, Claim, Commit, MapChange, MapId, Name, Order,
        OwnerId, Page, SearchPage, TaskId, TaskReader, TaskSummary,
    },
};

use crate::{
    Key,
    fault::{Fault, Scan, Search, Sound},
};

/// The changes of a commit are altered.
#[derive(Debug)]
pub(crate) struct Changed(pub(crate) fn(&mut Changes));

#[async_trait]
impl Fault for Changed {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let mut changes = commit.changes().clone();
        self.0(&mut changes);
        let commit = Commit::new(commit.checkpoint().clone(), changes);
        sound.writer()?.commit(&Arc::new(commit)).await
    }
}

/// The checkpoint of a commit is altered; the second one is that before it.
#[derive(Debug)]
pub(crate) struct Recorded(pub(crate) fn(&mut Checkpoint, Checkpoint));

#[async_trait]
impl Fault for Recorded {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let mut checkpoint = commit.checkpoint().clone();
        self.0(&mut checkpoint, sound.reader.checkpoint().await?);
        let commit = Commit::new(checkpoint, commit.changes().clone());
        sound.writer()?.commit(&Arc::new(commit)).await
    }
}

/// What a scan asks for is altered.
#[derive(Debug)]
pub(crate) struct Asked(pub(crate) fn(&mut Scan));

#[async_trait]
impl Fault for Asked {
    async fn scan(&self, sound: &Sound, mut scan: Scan) -> Result<Page> {
        self.0(&mut scan);
        sound.scan(&scan).await
    }
}

/// A page is altered.
#[derive(Debug)]
pub(crate) struct Paged(pub(crate) fn(&mut Page, &Scan));

#[async_trait]
impl Fault for Paged {
    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        let mut page = sound.scan(&scan).await?;
        self.0(&mut page, &scan);
        Ok(page)
    }
}

/// What a search asks for is altered.
#[derive(Debug)]
pub(crate) struct Sought(pub(crate) fn(&mut Search));

#[async_trait]
impl Fault for Sought {
    async fn search(&self, sound: &Sound, mut search: Search) -> Result<SearchPage> {
        self.0(&mut search);
        sound.search(&search).await
    }
}

/// What a search found is altered.
#[derive(Debug)]
pub(crate) struct Found(pub(crate) fn(&mut SearchPage));

#[async_trait]
impl Fault for Found {
    async fn search(&self, sound: &Sound, search: Search) -> Result<SearchPage> {
        let mut page = sound.search(&search).await?;
        self.0(&mut page);
        Ok(page)
    }
}

/// The answers to keys are altered.
#[derive(Debug)]
pub(crate) struct Answered(pub(crate) fn(&[Key], &mut Vec<Option<Bytes>>));

#[async_trait]
impl Fault for Answered {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let mut found = sound.reader.get_many(keys).await?;
        self.0(keys, &mut found);
        Ok(found)
    }
}

/// Keys and maps are taken for others, in all calls.
#[derive(Debug)]
pub(crate) struct Confused {
    pub(crate) map: fn(MapId) -> MapId,
    pub(crate) key: fn(&Bytes) -> Bytes,
}

impl Confused {
    pub(crate) fn keys(key: fn(&Bytes) -> Bytes) -> Self {
        Self { map: |map| map, key }
    }

    pub(crate) fn maps(map: fn(MapId) -> MapId) -> Self {
        Self { map, key: Bytes::clone }
    }
}

#[async_trait]
impl Fault for Confused {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let keys: Vec<_> =
            keys.iter().map(|(map, key)| ((self.map)(*map), (self.key)(key))).collect();
        sound.reader.get_many(&keys).await
    }

    async fn scan(&self, sound: &Sound, mut scan: Scan) -> Result<Page> {
        scan.map = (self.map)(scan.map);
        sound.scan(&scan).await
    }

    async fn approximate_len(&self, sound: &Sound, map: MapId) -> Result<u64> {
        sound.reader.approximate_len((self.map)(map)).await
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let mut changes = Changes::new();
        for (map, change) in commit.changes() {
            let map = (self.map)(*map);
            match (changes.entry(map).or_insert(MapChange::Drop), change) {
                (MapChange::Write(writes), MapChange::Write(more)) => {
                    writes.extend(more.iter().map(|(key, put)| ((self.key)(key), put.clone())));
                }
                (entry, MapChange::Write(more)) => {
                    let writes = more.iter().map(|(key, put)| ((self.key)(key), put.clone()));
                    *entry = MapChange::Write(writes.collect());
                }
                (_, MapChange::Drop) => {}
            }
        }
        let commit = Commit::new(commit.checkpoint().clone(), changes);
        sound.writer()?.commit(&Arc::new(commit)).await
    }
}

/// Tasks are taken for others, in all calls.
#[derive(Debug)]
pub(crate) struct Named(pub(crate) fn(&TaskId) -> TaskId);

#[async_trait]
impl Fault for Named {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        sound.claim(&self.0(task), owner, &[]).await
    }

    async fn read(&self, sound: &dyn Backend, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        sound.read(&self.0(task)).await
    }

    async fn destroy(&self, sound: &dyn Backend, task: &TaskId) -> Result<()> {
        sound.destroy(&self.0(task)).await
    }
}

/// The list of tasks is altered.
#[derive(Debug)]
pub(crate) struct Listed(pub(crate) fn(&mut Vec<TaskSummary>));

#[async_trait]
impl Fault for Listed {
    async fn tasks(&self, sound: &dyn Backend, application: &Name) -> Result<Vec<TaskSummary>> {
        let mut tasks = sound.tasks(application).await?;
        self.0(&mut tasks);
        Ok(tasks)
    }
}

/// The outcome of a commit is told wrongly.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) fn(Result<()>) -> Result<()>);

#[async_trait]
impl Fault for Told {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        self.0(sound.writer()?.commit(commit).await)
    }
}

/// The capabilities are told wrongly.
#[derive(Debug)]
pub(crate) struct Says(pub(crate) fn(&mut Capabilities));

impl Fault for Says {
    fn capabilities(&self, says: &mut Capabilities) {
        self.0(says);
    }
}

/// The other direction.
pub(crate) const fn mirrored(order: Order) -> Order {
    match order {
        Order::Forward => Order::Backward,
        Order::Backward => Order::Forward,
    }
}
