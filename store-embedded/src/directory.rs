//! The directory: one process at a time, one layout version.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind as IoKind, Write},
    path::{Path, PathBuf},
};

use store_core::{Error, ErrorKind, Result};

use crate::{
    acknowledged,
    error::file,
    layout::{VERSION, newer},
};

const LOCK: &str = "lock";
const LAYOUT: &str = "layout";
/// Stands before the version, so that no other file of this name is taken for ours.
const MAGIC: &str = "store-embedded";
const NEW_LAYOUT: &str = "layout.new";
const DATA: &str = "data";
const NEW_DATA: &str = "data.new";

/// A directory held by this process.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes or takes the directory. `Locked` while another process has it, `SchemaMismatch` for a newer layout,
    /// `Config` for a file, or a directory with something else in it: then nothing in it is changed.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(|error| match error.kind() {
            IoKind::AlreadyExists | IoKind::NotADirectory => {
                let message =
                    format!("{} is a file or lies in one: name a directory", path.display());
                Error::new(ErrorKind::Config, message).with_source(error)
            }
            _ => file(path, "make the directory", error),
        })?;
        let path = path.canonicalize().map_err(|error| file(path, "find the directory", error))?;
        if is_foreign(&path)? {
            let message = format!(
                "{} is not empty and holds no state: name an empty directory, or one that is not there",
                path.display()
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        let lock = lock(&path.join(LOCK))?;
        check_version(&path)?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the engine has its files.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }
}

/// Whether the directory holds what we did not put there. A damaged version file beside data of ours is judged later.
fn is_foreign(path: &Path) -> Result<bool> {
    let layout = path.join(LAYOUT);
    if fs::read(&layout).is_ok_and(|text| text.starts_with(MAGIC.as_bytes())) {
        return Ok(false);
    }
    if layout.exists() && !path.join(DATA).exists() {
        return Ok(true);
    }
    let entries = fs::read_dir(path).map_err(|error| file(path, "read the directory", error))?;
    // A freshly made file system is as good as an empty directory.
    let known = [LOCK, LAYOUT, NEW_LAYOUT, DATA, NEW_DATA, acknowledged::FOLDER, "lost+found"];
    let mut names = entries.filter_map(|entry| entry.ok()).map(|entry| entry.file_name());
    Ok(names.any(|name| !known.iter().any(|known| name == *known)))
}

fn lock(path: &Path) -> Result<File> {
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let lock = open.map_err(|error| file(path, "open the lock", error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let directory = path.parent().unwrap_or(path).display();
            let message = format!(
                "{directory} is in use by another process: wait until it has ended, or use another directory"
            );
            Err(Error::new(ErrorKind::Locked, message))
        }
        Err(TryLockError::Error(error)) => Err(file(path, "lock", error)),
    }
}

fn check_version(path: &Path) -> Result<()> {
    let layout = path.join(LAYOUT);
    let text = match fs::read_to_string(&layout) {
        Ok(text) => text,
        Err(error) if error.kind() == IoKind::NotFound && !path.join(DATA).exists() => {
            return write_version(path, &layout);
        }
        Err(error) => return Err(file(&layout, "read the layout version from", error)),
    };
    let version = text.strip_suffix('\n').and_then(|line| line.strip_prefix(MAGIC));
    match version.and_then(|version| version.trim_start().parse::<u32>().ok()) {
        Some(VERSION) => Ok(()),
        Some(other) => Err(newer(other).context(path.display())),
        None => {
            let message = format!("{} is damaged: restore it from a copy", layout.display());
            Err(Error::new(ErrorKind::Corrupt, message))
        }
    }
}

/// Written whole or not at all: to another name first.
fn write_version(path: &Path, layout: &Path) -> Result<()> {
    let temporary = path.join(NEW_LAYOUT);
    let write = || {
        let mut file = File::create(&temporary)?;
        writeln!(file, "{MAGIC} {VERSION}")?;
        file.sync_all()?;
        fs::rename(&temporary, layout)?;
        File::open(path)?.sync_all()
    };
    write().map_err(|error| file(layout, "write the layout version to", error))
}
