//! The storage engine, which can be opened anew inside the process.
//!
//! After an I/O error the engine refuses all further writes until it is opened again, and a full disk is such an error.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use store_core::{
    Result,
    backend::{MapId, TaskId},
};

use crate::{
    Durability, EmbeddedConfig,
    error::engine,
    layout::{TASKS, keyspace},
};

/// The engine's handles; none may outlive a guard, or the engine could not be opened anew.
#[derive(Clone)]
pub(crate) struct Handles {
    path: PathBuf,
    memtable_bytes: u64,
    /// Read while a map is looked up, written while one is dropped: looking up a map just dropped would make a new one.
    dropping: Arc<RwLock<()>>,
    pub(crate) database: Database,
    pub(crate) tasks: Keyspace,
}

/// The engine behind a lock: shared for all work, exclusive for opening it anew.
pub(crate) struct Engine {
    path: PathBuf,
    config: EmbeddedConfig,
    handles: RwLock<Option<Handles>>,
}

/// Keeps the engine open while it is used.
pub(crate) struct InUse<'a>(RwLockReadGuard<'a, Option<Handles>>);

impl Deref for InUse<'_> {
    type Target = Handles;

    fn deref(&self) -> &Handles {
        // Invariant: `Engine::in_use` only makes this of a guard that holds handles.
        self.0.as_ref().expect("the engine is open")
    }
}

impl Engine {
    pub(crate) fn open(path: PathBuf, config: EmbeddedConfig) -> Result<Self> {
        let handles = Handles::open(&path, &config)?;
        Ok(Self { path, config, handles: RwLock::new(Some(handles)) })
    }

    /// The open engine; opens it where an earlier try failed.
    pub(crate) fn in_use(&self) -> Result<InUse<'_>> {
        loop {
            let handles = self.handles.read().unwrap_or_else(PoisonError::into_inner);
            if handles.is_some() {
                return Ok(InUse(handles));
            }
            drop(handles);
            self.reopen()?;
        }
    }

    /// Opens the engine anew, which recovers it from its journal. Waits for everybody who uses it.
    pub(crate) fn reopen(&self) -> Result<()> {
        let mut handles = self.handles.write().unwrap_or_else(PoisonError::into_inner);
        *handles = None;
        tracing::warn!(path = %self.path.display(), "opening the storage engine anew after an error");
        *handles = Some(Handles::open(&self.path, &self.config)?);
        Ok(())
    }

    /// How commits are made to last.
    pub(crate) const fn persist_mode(&self) -> PersistMode {
        match self.config.durability {
            Durability::Synced => PersistMode::SyncData,
            Durability::MachineCrashLosesCommits => PersistMode::Buffer,
        }
    }

    pub(crate) fn is_synced(&self) -> bool {
        self.config.durability == Durability::Synced
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Handles {
    fn open(path: &Path, config: &EmbeddedConfig) -> Result<Self> {
        let failed = |error| engine(path, "open the state", error);
        let database = Database::builder(path)
            .cache_size(config.cache_bytes)
            .max_journaling_size(config.journal_bytes)
            .open()
            .map_err(failed)?;
        let memtable_bytes = config.memtable_bytes;
        let tasks = database.keyspace(TASKS, || options(memtable_bytes)).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            memtable_bytes,
            dropping: Arc::default(),
            database,
            tasks,
        })
    }

    /// The keyspace of a map, where there is one.
    pub(crate) fn map(&self, task: &TaskId, map: MapId) -> Result<Option<Keyspace>> {
        let name = keyspace(task, map);
        let _kept = self.dropping.read().unwrap_or_else(PoisonError::into_inner);
        if !self.database.keyspace_exists(&name) {
            return Ok(None);
        }
        self.map_or_new(&name).map(Some)
    }

    /// The keyspace of this name. A new one is empty and harmless if nothing is written to it.
    pub(crate) fn map_or_new(&self, name: &str) -> Result<Keyspace> {
        let keyspace = self.database.keyspace(name, || options(self.memtable_bytes));
        keyspace.map_err(|error| self.failed("open a map", error))
    }

    pub(crate) fn drop_map(&self, name: &str) -> Result<()> {
        let _alone = self.dropping.write().unwrap_or_else(PoisonError::into_inner);
        if !self.database.keyspace_exists(name) {
            return Ok(());
        }
        let keyspace = self.map_or_new(name)?;
        let dropped = self.database.delete_keyspace(keyspace);
        dropped.map_err(|error| self.failed("drop a map", error))
    }

    pub(crate) fn failed(&self, doing: &str, error: fjall::Error) -> store_core::Error {
        engine(&self.path, doing, error)
    }
}

fn options(memtable_bytes: u64) -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(memtable_bytes)
}
