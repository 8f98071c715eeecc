//! The open engine and its keyspaces. Everything here that changes something is called in turn.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use store_core::{
    Result,
    backend::{MapId, TaskId},
};

use crate::{
    EmbeddedConfig,
    error::{engine, file},
    layout::{MARK, TASKS, keyspace, map_of_keyspace},
    step::{MAP_MADE, REMOVING, step},
    view::{Maps, View},
};

/// The engine's handles; none may outlive the guard they came from, or the engine could not be opened anew.
pub(crate) struct Handles {
    pub(crate) config: EmbeddedConfig,
    pub(crate) database: Database,
    view: RwLock<Arc<View>>,
}

/// The age from which a view gets a new snapshot.
const OLD: Duration = Duration::from_millis(50);

impl Handles {
    /// Opens the engine, making its directory where it is not there.
    pub(crate) fn open(path: &Path, config: &EmbeddedConfig) -> Result<Self> {
        if !path.exists() {
            create(path, config)?;
        }
        let failed = |error| engine(path, "open the state", error);
        let database = database(path, config).map_err(failed)?;
        let tasks = database.keyspace(TASKS, || options(config)).map_err(failed)?;
        let mut maps = Maps::default();
        for name in database.list_keyspace_names() {
            if let Some((task, map)) = map_of_keyspace(&name) {
                let keyspace = database.keyspace(&name, || options(config)).map_err(failed)?;
                maps.entry(task).or_default().insert(map, keyspace);
            }
        }
        let mut view = View {
            path: path.into(),
            taken: Instant::now(),
            snapshot: database.snapshot(),
            tasks,
            maps: Arc::default(),
        };
        // What a crash left of a dropped or new map is not named by the record. Damaged records are told when used.
        maps.retain(|task, maps| {
            view.record(task)
                .map(|record| maps.retain(|map, _| record.maps.contains_key(map)))
                .is_ok()
        });
        view.maps = maps.into();
        Ok(Self { config: config.clone(), database, view: RwLock::new(view.into()) })
    }

    /// What readers see.
    pub(crate) fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What readers see, of the files of lately. `turn` is that of those who change something.
    pub(crate) fn lately(&self, turn: &Mutex<()>) -> Arc<View> {
        let view = self.view();
        if view.taken.elapsed() < OLD {
            return view;
        }
        // Who panicked in a turn may have left a part of a batch.
        let Ok(_turn) = turn.try_lock() else { return view };
        self.show_all(View::clone(&self.view()));
        self.view()
    }

    /// Shows all that was written.
    fn show_all(&self, view: View) {
        let (taken, snapshot) = (Instant::now(), self.database.snapshot());
        self.show(View { taken, snapshot, ..view });
    }

    fn show(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view.into();
    }

    /// The keyspace of a map; a new one is empty until a commit writes to it.
    pub(crate) fn map_or_new(&self, task: &TaskId, map: MapId) -> Result<Keyspace> {
        let view = self.view();
        if let Some(keyspace) = view.map(task, map) {
            return Ok(keyspace.clone());
        }
        let failed = |error| view.failed("make a map", error);
        self.remove(task, map)?;
        let keyspace = self.database.keyspace(&keyspace(task, map), || options(&self.config));
        let keyspace = keyspace.map_err(failed)?;
        step(MAP_MADE);
        let mut maps = Maps::clone(&view.maps);
        maps.entry(task.clone()).or_default().insert(map, keyspace.clone());
        self.show(View { maps: maps.into(), ..View::clone(&view) });
        Ok(keyspace)
    }

    /// Shows what was changed, in one step: what was written, and that maps of a task are gone.
    pub(crate) fn publish(&self, task: &TaskId, gone: &[MapId]) {
        let view = View::clone(&self.view());
        if gone.is_empty() {
            return self.show_all(view);
        }
        let mut maps = Maps::clone(&view.maps);
        if let Some(maps) = maps.get_mut(task) {
            maps.retain(|map, _| !gone.contains(map));
        }
        self.show_all(View { maps: maps.into(), ..view });
    }

    /// Removes a map that readers do not see any more; those that still read it keep it until they are done.
    pub(crate) fn remove(&self, task: &TaskId, map: MapId) -> Result<()> {
        let name = keyspace(task, map);
        if !self.database.keyspace_exists(&name) {
            return Ok(());
        }
        let remove = || {
            let keyspace = self.database.keyspace(&name, || options(&self.config))?;
            // The engine numbers a new keyspace by the folders and the journal that it finds when it is opened. A number
            // of which neither has a trace is given again, and then the removal of the old keyspace can hide the new one
            // from the next opening, with all it holds. So the journal has a trace, on disk, before the removal is.
            let mut trace = self.database.batch().durability(Some(PersistMode::SyncAll));
            trace.insert(&keyspace, MARK, 0_u64.to_be_bytes());
            trace.commit()?;
            step(REMOVING);
            self.database.delete_keyspace(keyspace)
        };
        remove().map_err(|error| self.view().failed("remove a map", error))
    }
}

/// Makes the engine's directory under another name first: one that is made half cannot be opened.
fn create(path: &Path, config: &EmbeddedConfig) -> Result<()> {
    let new = path.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(|error| file(&new, "remove", error))?;
    }
    let made = database(&new, config).and_then(|made| made.keyspace(TASKS, || options(config)));
    made.map_err(|error| engine(&new, "make the state", error))?;
    let rename = || {
        fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
    };
    rename().map_err(|error| file(path, "make", error))
}

fn database(path: &Path, config: &EmbeddedConfig) -> Result<Database, fjall::Error> {
    Database::builder(path)
        .cache_size(config.block_cache_bytes)
        .max_journaling_size(config.journal_bytes)
        .worker_threads(config.worker_threads)
        .open()
}

fn options(config: &EmbeddedConfig) -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(config.memtable_bytes)
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, thread};

    use fjall::Readable;

    use super::{Handles, OLD};
    use crate::EmbeddedConfig;

    /// How many entries a look sees that were written beside it.
    fn seen(handles: &Handles, turn: &Mutex<()>) -> usize {
        let view = handles.lately(turn);
        view.snapshot.iter(&view.tasks).count()
    }

    #[test]
    fn a_view_that_nobody_replaces_gets_a_new_snapshot() {
        let folder = tempfile::tempdir().unwrap();
        let handles =
            Handles::open(&folder.path().join("data"), &EmbeddedConfig::default()).unwrap();
        let turn = Mutex::new(());
        handles.view().tasks.insert("task", "record").unwrap();
        assert_eq!(handles.view().snapshot.iter(&handles.view().tasks).count(), 0);
        thread::sleep(OLD);
        let changing = turn.lock().unwrap();
        assert_eq!(seen(&handles, &turn), 0, "somebody may have written a part");
        drop(changing);
        thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let _changing = turn.lock();
                panic!("in the middle of a change");
            });
            assert!(panics.join().is_err());
        });
        assert_eq!(seen(&handles, &turn), 0, "a part may have been left");
        turn.clear_poison();
        assert_eq!(seen(&handles, &turn), 1);
    }
}
