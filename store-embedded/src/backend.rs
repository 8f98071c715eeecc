//! The backend: one directory, shared by everybody in this process who opens it.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use fjall::Readable;
use store_core::{
    Effect, Error, ErrorKind, Result,
    backend::{
        Backend, Claim, Fence, MapId, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary,
    },
};

use crate::{
    EmbeddedConfig,
    acknowledged::Acknowledged,
    directory::Directory,
    engine::Engine,
    error::panicked,
    handles::Handles,
    layout::{Record, application_key, map_of_keyspace, partition, task_key},
    reader::Reader,
    step::{CLAIMED, CLAIMING, step},
    writer::Writer,
};

/// Keeps tasks in a directory on local disk. A cheap clone.
///
/// All handles of one directory inside a process share one engine; another process gets `Locked`.
#[derive(Clone, Debug)]
pub struct EmbeddedBackend {
    shared: Arc<Shared>,
}

/// One open directory.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) acknowledged: Acknowledged,
    pub(crate) turn: Mutex<()>,
    /// Last, so that the engine is closed before the directory is given free.
    _directory: Directory,
}

/// The directories that are open in this process.
static OPEN: Mutex<Option<HashMap<PathBuf, Weak<Shared>>>> = Mutex::new(None);

/// How long an opening waits for an earlier handle of this process to close.
const CLOSING: Duration = Duration::from_secs(5);

impl EmbeddedBackend {
    /// Opens a directory, making it where it is not there.
    ///
    /// `Locked` while another process has it, `SchemaMismatch` for state of a newer release, `Corrupt` for damage,
    /// `Config` for a directory that holds something else. The settings of the first handle in the process hold.
    pub async fn open(path: impl AsRef<Path>, config: EmbeddedConfig) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let shared = blocking(move || Shared::open(&path, &config)).await?;
        Ok(Self { shared })
    }
}

/// Runs work that waits for the disk on a blocking thread. Dropping the future lets it run to its end.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        let message = "embedded: needs a tokio runtime: call it from inside one";
        return Err(Error::new(ErrorKind::Config, message));
    };
    let done = runtime.spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(panicked().with_source(panic)))
}

impl Shared {
    fn open(path: &Path, config: &EmbeddedConfig) -> Result<Arc<Self>> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        let known = path.canonicalize().ok().and_then(|path| open.get(&path).cloned());
        if let Some(shared) = known.as_ref().and_then(Weak::upgrade) {
            return Ok(shared);
        }
        config.check()?;
        let directory = take(path, known.is_some())?;
        let path = directory.path().to_owned();
        let acknowledged = Acknowledged::open(&path)?;
        if !directory.data().exists() {
            acknowledged.check_none()?;
        }
        let shared = Arc::new(Self {
            engine: Engine::open(directory.data(), config.clone())?,
            acknowledged,
            turn: Mutex::default(),
            _directory: directory,
        });
        open.insert(path, Arc::downgrade(&shared));
        Ok(shared)
    }

    /// The turn to change records: claims and commits come one after the other.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reopen(&self) -> Result<()> {
        self.engine.reopen().map_err(|error| error.with_effect(Effect::Unknown))?;
        // Whatever a panic left half done is gone with the old engine.
        self.turn.clear_poison();
        Ok(())
    }

    /// Does a change; after an I/O error opens the engine anew, and where only an earlier error stood in the way, does
    /// it once more.
    pub(crate) fn again_after_poison<T>(
        &self,
        change: impl Fn(&Handles) -> Result<T>,
    ) -> Result<T> {
        let attempt = || change(&*self.engine.in_use()?);
        let first = match attempt() {
            Err(error) if is_io(&error) => error,
            settled => return settled,
        };
        self.reopen()?;
        if first.kind() != ErrorKind::Unavailable {
            return Err(first);
        }
        let second = attempt();
        if second.as_ref().is_err_and(is_io) {
            self.reopen()?;
        }
        second
    }

    /// Writes a record by itself, synced. Maps it does not name any more are gone with it.
    fn write_record(&self, task: &TaskId, record: &Record, gone: &[MapId]) -> Result<()> {
        self.again_after_poison(|handles| {
            let mut batch = handles.database.batch().durability(Some(self.engine.persist_mode()));
            let view = handles.view();
            let encoded = record.encode(&record.checkpoint.encode());
            batch.insert(&view.tasks, task_key(task), encoded);
            batch.commit().map_err(|error| view.failed("record a claim", error))?;
            handles.publish(task, gone);
            Ok(())
        })
    }

    /// The record of a task that is there and whole.
    fn existing(&self, task: &TaskId) -> Result<Record> {
        // Without the turn a commit in between would look like one that was lost.
        let _turn = self.turn();
        let record = self.engine.in_use()?.view().record(task)?;
        self.check_whole(task, &record)?;
        self.check_there(task, &record)?;
        Ok(record)
    }

    fn check_there(&self, task: &TaskId, record: &Record) -> Result<()> {
        if !record.destroyed {
            return Ok(());
        }
        let message = format!("there is no task {task} in {}", self.engine.path().display());
        Err(Error::new(ErrorKind::NotFound, message))
    }

    fn claim(&self, task: &TaskId, owner: OwnerId) -> Result<Record> {
        let _turn = self.turn();
        let mut record = self.engine.in_use()?.view().record(task)?;
        self.check_whole(task, &record)?;
        if record.fence.owner != owner || record.destroyed {
            record.fence = Fence::new(record.fence.epoch + 1, owner);
            record.destroyed = false;
            step(CLAIMING);
            self.write_record(task, &record, &[])?;
            step(CLAIMED);
        }
        self.sweep(task, &record)?;
        Ok(record)
    }

    fn destroy(&self, task: &TaskId) -> Result<()> {
        let _turn = self.turn();
        // Whole or not: destroying is what is left to do with a damaged task.
        let record = self.engine.in_use()?.view().record(task)?;
        self.check_there(task, &record)?;
        let epoch = record.fence.epoch + 1;
        let fence = Fence::new(epoch, OwnerId::random());
        let gone: Vec<_> = record.maps.into_keys().collect();
        let record = Record { fence, born: epoch, ..Record::new() };
        self.write_record(task, &record, &gone)?;
        self.acknowledged.forget(task)?;
        self.sweep(task, &record)
    }

    /// `Corrupt` where the journal lost a synced commit.
    fn check_acknowledged(&self, task: &TaskId, record: &Record) -> Result<()> {
        if self.engine.is_synced() { self.acknowledged.check(task, record) } else { Ok(()) }
    }

    /// `Corrupt` where the engine opened and has not all that was acknowledged.
    fn check_whole(&self, task: &TaskId, record: &Record) -> Result<()> {
        self.check_acknowledged(task, record)?;
        let handles = self.engine.in_use()?;
        let view = handles.view();
        for (map, last) in &record.maps {
            if view.mark(task, *map)? != Some(*last) {
                let message = format!(
                    "{map} of task {task} has not all that was written to it up to commit {last}: the files in {} are \
                     damaged. Restore the directory from a copy, or destroy the task and rebuild it from its sources",
                    self.engine.path().display()
                );
                return Err(Error::new(ErrorKind::Corrupt, message));
            }
        }
        Ok(())
    }

    /// The tasks of an application that are there, by partition; `Corrupt` where one was lost.
    fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let _turn = self.turn();
        let handles = self.engine.in_use()?;
        let view = handles.view();
        let mut summaries = Vec::new();
        for guard in view.snapshot.prefix(&view.tasks, application_key(application)) {
            let entry = guard.into_inner();
            let (key, value) = entry.map_err(|error| view.failed("list tasks", error))?;
            let record = Record::decode(&value)?;
            if let Some(partition) = partition(application, &key).filter(|_| !record.destroyed) {
                let task = TaskId::new(application.as_str(), partition)?;
                summaries.push(TaskSummary::new(task, record.fence.epoch, record.checkpoint));
            }
        }
        for task in self.acknowledged.tasks(application)? {
            self.check_acknowledged(&task, &view.record(&task)?)?;
        }
        Ok(summaries)
    }

    /// Removes the maps of a task that its record does not name.
    fn sweep(&self, task: &TaskId, record: &Record) -> Result<()> {
        let handles = self.engine.in_use()?;
        for name in handles.database.list_keyspace_names() {
            match map_of_keyspace(&name) {
                Some((owner, map)) if owner == *task && !record.maps.contains_key(&map) => {
                    handles.remove(task, map)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Takes the directory; waits a little where this process may just be closing it.
fn take(path: &Path, was_ours: bool) -> Result<Directory> {
    let start = Instant::now();
    loop {
        match Directory::take(path) {
            Err(error)
                if error.kind() == ErrorKind::Locked && was_ours && start.elapsed() < CLOSING =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            taken => return taken,
        }
    }
}

/// Errors after which the engine must be opened anew: those of writing, not those of deciding.
fn is_io(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::OutOfSpace | ErrorKind::Unavailable | ErrorKind::PermissionDenied
    )
}

#[async_trait]
impl Backend for EmbeddedBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        let (shared, task) = (self.shared.clone(), task.clone());
        blocking(move || {
            let record = shared.claim(&task, owner)?;
            let writer = Writer::new(Reader::of_owner(shared, task), record.fence);
            Ok(Claim::new(Arc::new(writer), record.checkpoint))
        })
        .await
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let (shared, task) = (self.shared.clone(), task.clone());
        blocking(move || {
            let record = shared.existing(&task)?;
            let reader: Arc<dyn TaskReader> =
                Arc::new(Reader::of_anybody(shared, task, record.born));
            Ok(reader)
        })
        .await
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let (shared, application) = (self.shared.clone(), application.clone());
        blocking(move || shared.tasks(&application)).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        let (shared, task) = (self.shared.clone(), task.clone());
        blocking(move || shared.destroy(&task)).await
    }
}
