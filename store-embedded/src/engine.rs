//! The storage engine, which can be opened anew inside the process.
//!
//! After an I/O error the engine refuses all further writes until it is opened again, and a full disk is such an error.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use fjall::PersistMode;
use store_core::Result;

use crate::{Durability, EmbeddedConfig, error::caught, handles::Handles};

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
        tracing::warn!(path = %self.path.display(), "opening the storage engine anew after an error");
        let before = handles.take();
        *handles = Some(caught(|| {
            drop(before);
            Handles::open(&self.path, &self.config)
        })?);
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
