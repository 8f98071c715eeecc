//! A backend with limits: what `connect` returns.

use std::sync::Arc;

use crate::{
    EngineConfig, ErrorKind, Result, Task,
    backend::{Backend, Checkpoint, Name, PageLimit, StoreSpec, TaskId, TaskReader, TaskSummary},
    engine::{Cache, Engine},
    error::Error,
    layers::{Layer, Layered},
    maps::{ReadDefinition, ReadMaps, StoreDefinition},
    sabotage,
};

/// A backend with the engine's settings and its cache. A cheap clone; clones share the cache.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::sync::Arc;
///
/// use store_core::{Database, EngineConfig, KeyValue, memory::MemoryBackend, prelude::*};
///
/// static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
///
/// let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default())?;
/// let task = database.task("word-count", 0).store(&COUNTS).open().await?;
/// let counts = task.store(&COUNTS)?;
/// counts.update(&"word".to_owned(), |n| Some(n.unwrap_or(0) + 1)).await?;
/// task.commit([("words.txt", 5)]).await?;
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Database {
    backend: Arc<dyn Backend>,
    config: EngineConfig,
    cache: Arc<Cache>,
}

impl Database {
    /// A database over a backend of any make; `Config` for settings that contradict each other.
    pub fn with(backend: Arc<dyn Backend>, config: EngineConfig) -> Result<Self> {
        config.check()?;
        let cache = Arc::new(Cache::new(config.cache_bytes));
        Ok(Self { backend, config, cache })
    }

    /// The same database with a layer around its backend, outside of those added before. Tasks opened before stay as they are.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use store_core::{Database, layers::Metrics, memory::MemoryBackend};
    /// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?;
    /// let measured = database.layer(Metrics::new());
    /// # Ok::<(), store_core::Error>(())
    /// ```
    #[must_use]
    pub fn layer(self, layer: impl Layer) -> Self {
        Self { backend: Arc::new(Layered::new(self.backend, layer)), ..self }
    }

    /// The backend.
    #[must_use]
    pub const fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// Starts to open a task for writing; [`TaskBuilder::open`] claims it.
    #[must_use = "a task is claimed by open"]
    pub fn task(&self, application: &str, partition: u32) -> TaskBuilder {
        TaskBuilder {
            database: self.clone(),
            task: TaskId::new(application, partition),
            specs: Vec::new(),
            invalid: None,
        }
    }

    /// Opens a task for reading what is committed; fences nobody. `NotFound` for a task never claimed.
    pub async fn read(&self, application: &str, partition: u32) -> Result<ReadTask> {
        let task = TaskId::new(application, partition)?;
        let reader = self.backend.read(&task).await?;
        if sabotage::is_on("engine::readers-evict") {
            self.cache.evict_all();
        }
        Ok(ReadTask { reader, task, page: self.config.page() })
    }

    /// The application's tasks, by partition.
    pub async fn tasks(&self, application: &str) -> Result<Vec<TaskSummary>> {
        let application: Name = application.parse()?;
        self.backend.tasks(&application).await
    }

    /// Claims a task and removes its state for good; other tasks are untouched. `NotFound` for one never claimed.
    pub async fn destroy(&self, application: &str, partition: u32) -> Result<()> {
        self.backend.destroy(&TaskId::new(application, partition)?).await
    }
}

/// Names the stores of a task before it is claimed.
#[derive(Debug)]
#[must_use = "a task is claimed by open"]
pub struct TaskBuilder {
    database: Database,
    task: Result<TaskId>,
    specs: Vec<StoreSpec>,
    invalid: Option<Error>,
}

impl TaskBuilder {
    /// Adds a store to be opened with the task.
    pub fn store<D: StoreDefinition + ?Sized>(mut self, definition: &D) -> Self {
        match definition.spec() {
            Ok(spec) if self.specs.iter().any(|other| other.name == spec.name) => {
                let message = format!("store {} was named twice", spec.name);
                self.invalid.get_or_insert(Error::new(ErrorKind::InvalidArgument, message));
            }
            Ok(spec) => self.specs.push(spec),
            Err(error) => {
                self.invalid.get_or_insert(error);
            }
        }
        self
    }

    /// Claims the task: fences every earlier owner and recovers the last commit.
    ///
    /// - `SchemaMismatch` where a store was made in another way, `Locked` while a copy into the task is not finished; both
    ///   are found before anybody is fenced.
    /// - After a failure or a dropped future it may be called again; earlier owners may be fenced already.
    pub async fn open(self) -> Result<Task> {
        if let Some(invalid) = self.invalid {
            return Err(invalid);
        }
        let task = self.task?;
        let Database { backend, config, cache } = self.database;
        let mut recorded = match backend.read(&task).await {
            Ok(reader) => reader.checkpoint().await?,
            Err(error) if error.kind() == ErrorKind::NotFound => Checkpoint::default(),
            Err(error) => return Err(error),
        };
        recorded.check_finished(&task)?;
        recorded.assign(&self.specs)?;
        let engine = Engine::open(&*backend, task, self.specs, config, cache).await?;
        Ok(Task::new(Arc::new(engine)))
    }
}

/// A task that somebody else may own, for reading what is committed.
///
/// Each call answers from one whole commit; two calls may answer from different ones. After the task was destroyed every
/// call is `NotFound`, also when there is a new task of this name.
#[derive(Clone, Debug)]
pub struct ReadTask {
    task: TaskId,
    reader: Arc<dyn TaskReader>,
    page: PageLimit,
}

impl ReadTask {
    /// Which task.
    #[must_use]
    pub const fn id(&self) -> &TaskId {
        &self.task
    }

    /// The last checkpoint.
    pub async fn checkpoint(&self) -> Result<Checkpoint> {
        self.reader.checkpoint().await
    }

    /// Opens the read half of a store. `NotFound` for one never committed, `SchemaMismatch` for one made differently.
    pub async fn store<D: ReadDefinition + ?Sized>(&self, definition: &D) -> Result<D::Reader> {
        let wanted = definition.spec()?;
        let maps = self.maps(wanted.name.as_str()).await?;
        maps.spec().check(&wanted)?;
        Ok(definition.reader(maps))
    }

    /// The maps of a store as they are recorded, whatever made them. `NotFound` for one never committed, `Locked` while a
    /// copy into the task is not finished.
    pub async fn maps(&self, store: &str) -> Result<ReadMaps> {
        let checkpoint = self.reader.checkpoint().await?;
        checkpoint.check_finished(&self.task)?;
        let Some((number, state)) = checkpoint.store(store) else {
            let message = format!("task {} has no store {store:?}", self.task);
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        Ok(ReadMaps::shared(self.reader.clone(), self.page, number, state.spec.clone()))
    }
}
