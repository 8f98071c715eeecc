//! What a fault may change: each call of a store, by default as a sound one does it.

use std::{fmt::Debug, sync::Arc};

use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, MapId, Name, Order, OwnerId,
        Page, PageLimit, SearchPage, TaskId, TaskReader, TaskSummary, TaskWriter,
    },
    memory::MemoryBackend,
    search::Query,
};

use crate::Key;

/// One fault, in one place.
#[async_trait]
pub(crate) trait Fault: Debug + Send + Sync + 'static {
    /// What a new handle is on instead of the place's state.
    fn instead(&self) -> Option<MemoryBackend> {
        None
    }

    /// What a kill leaves instead of the place's state; none where there is nothing to kill.
    fn killed(&self) -> Option<MemoryBackend> {
        None
    }

    fn capabilities(&self, _says: &mut Capabilities) {}

    /// Whether there is a searcher.
    fn searches(&self) -> bool {
        true
    }

    async fn search(&self, sound: &Sound, search: Search) -> Result<SearchPage> {
        sound.search(&search).await
    }

    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        sound.claim(task, owner, &[]).await
    }

    async fn read(&self, sound: &dyn Backend, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        sound.read(task).await
    }

    async fn tasks(&self, sound: &dyn Backend, application: &Name) -> Result<Vec<TaskSummary>> {
        sound.tasks(application).await
    }

    async fn destroy(&self, sound: &dyn Backend, task: &TaskId) -> Result<()> {
        sound.destroy(task).await
    }

    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<bytes::Bytes>>> {
        sound.reader.get_many(keys).await
    }

    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        sound.scan(&scan).await
    }

    async fn approximate_len(&self, sound: &Sound, map: MapId) -> Result<u64> {
        sound.reader.approximate_len(map).await
    }

    async fn checkpoint(&self, sound: &Sound) -> Result<Checkpoint> {
        sound.reader.checkpoint().await
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        sound.writer()?.commit(commit).await
    }

    async fn apply(&self, sound: &Sound) -> Result<()> {
        sound.writer()?.apply().await
    }

    async fn close(&self, sound: &Sound) -> Result<()> {
        sound.writer()?.close().await
    }
}

/// Which handle a store is: known by its place in memory.
pub(crate) fn handle(sound: &dyn Backend) -> usize {
    std::ptr::from_ref(sound).addr()
}

/// What is asked of a scan.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) map: MapId,
    pub(crate) range: KeyRange,
    pub(crate) order: Order,
    pub(crate) limit: PageLimit,
}

/// What is asked of a search.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Search {
    pub(crate) store: u32,
    pub(crate) query: Query,
    pub(crate) after: Option<bytes::Bytes>,
    pub(crate) limit: PageLimit,
}

/// The sound task below a broken one.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) handle: usize,
    pub(crate) task: TaskId,
    pub(crate) reader: Arc<dyn TaskReader>,
    pub(crate) writer: Option<Arc<dyn TaskWriter>>,
}

impl Sound {
    pub(crate) fn writer(&self) -> Result<&dyn TaskWriter> {
        let none = || Error::new(ErrorKind::InvalidArgument, "a reader does not write");
        self.writer.as_deref().ok_or_else(none)
    }

    pub(crate) async fn scan(&self, scan: &Scan) -> Result<Page> {
        self.reader.scan(scan.map, &scan.range, scan.order, scan.limit).await
    }

    pub(crate) async fn search(&self, search: &Search) -> Result<SearchPage> {
        let none = || Error::new(ErrorKind::Unsupported, "the sound store has no search");
        let searcher = self.reader.searcher().ok_or_else(none)?;
        searcher.search(search.store, &search.query, search.after.as_ref(), search.limit).await
    }

    /// Commits as a new owner would, on top of whatever is there.
    pub(crate) async fn force(&self, commit: &Commit) -> Result<()> {
        let claim = self.backend.claim(&self.task, OwnerId::random(), &[]).await?;
        let mut checkpoint = commit.checkpoint().clone();
        checkpoint.sequence = claim.checkpoint.sequence + 1;
        claim.writer.commit(&Arc::new(Commit::new(checkpoint, commit.changes().clone()))).await
    }
}
