//! One open directory, shared by all its handles in this process.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use store_core::{Effect, Error, ErrorKind, Result};

use crate::{
    EmbeddedConfig, acknowledged::Acknowledged, directory::Directory, engine::Engine,
    handles::Handles,
};

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

impl Shared {
    pub(crate) fn open(path: &Path, config: &EmbeddedConfig) -> Result<Arc<Self>> {
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
    ///
    /// Who panicked in a turn may have left in memory what the journal does not have, or what no view shows yet, and the next
    /// change would show it beside a record that does not know of it. So the engine is opened anew first.
    pub(crate) fn turn(&self) -> Result<MutexGuard<'_, ()>> {
        self.turn.lock().or_else(|poisoned| {
            let turn = poisoned.into_inner();
            self.engine.reopen()?;
            self.turn.clear_poison();
            Ok(turn)
        })
    }

    fn reopen(&self) -> Result<()> {
        self.engine.reopen().map_err(|error| error.with_effect(Effect::Unknown))
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
