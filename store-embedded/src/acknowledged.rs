//! How far each task was acknowledged, beside the journal.
//!
//! A journal whose end is damaged opens as a shorter one. This file tells the difference: it is written, not synced,
//! after each synced commit, so it survives the death of the process and is never ahead of what the disk had.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{ErrorKind as IoKind, Seek, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use store_core::{
    Error, ErrorKind, Result,
    backend::{Name, TaskId},
};

use crate::{error::file, layout::Record};

pub(crate) const FOLDER: &str = "acknowledged";

/// Files kept open: a process has few, and may work on any number of tasks.
const MOST_OPEN: usize = 64;

/// The marks of a directory.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    folder: PathBuf,
    open: Mutex<HashMap<TaskId, File>>,
}

impl Acknowledged {
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        let folder = directory.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|error| file(&folder, "make", error))?;
        Ok(Self { folder, open: Mutex::default() })
    }

    fn path(&self, task: &TaskId) -> PathBuf {
        self.folder.join(name(task))
    }

    /// Notes a commit. A mark that cannot be written only weakens the later check, so it is no error.
    pub(crate) fn note(&self, task: &TaskId, epoch: u64, sequence: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = (|| {
            if !open.contains_key(task) {
                if open.len() >= MOST_OPEN {
                    open.clear();
                }
                let mark = OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(self.path(task))?;
                open.insert(task.clone(), mark);
            }
            let mut mark = &open[task];
            mark.rewind()?;
            mark.write_all(encode(epoch, sequence).as_bytes())
        })();
        if let Err(error) = noted {
            open.remove(task);
            tracing::warn!(%task, %error, "cannot note the acknowledged commit");
        }
    }

    /// Removes the mark of a task.
    pub(crate) fn forget(&self, task: &TaskId) -> Result<()> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(task);
        let path = self.path(task);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != IoKind::NotFound => Err(file(&path, "remove", error)),
            _ => Ok(()),
        }
    }

    /// `Corrupt` where commits were acknowledged; for a directory that has no state.
    pub(crate) fn check_none(&self) -> Result<()> {
        let read = || Ok(fs::read_dir(&self.folder)?.next().is_some());
        if !read().map_err(|error| file(&self.folder, "read", error))? {
            return Ok(());
        }
        let message = format!(
            "the state is gone that {} tells of: restore the directory from a copy, or remove it to begin anew",
            self.folder.display()
        );
        Err(Error::new(ErrorKind::Corrupt, message))
    }

    /// The tasks of an application that have a mark.
    pub(crate) fn tasks(&self, application: &Name) -> Result<Vec<TaskId>> {
        let entries =
            fs::read_dir(&self.folder).map_err(|error| file(&self.folder, "read", error))?;
        let partition = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let (_, partition) = name.to_str()?.rsplit_once('@')?;
            partition.parse().ok()
        };
        let partitions = entries.filter_map(|entry| partition(entry.ok()?));
        let tasks = partitions.map(|partition| TaskId::new(application.as_str(), partition));
        // The name in full says whose mark it is.
        let ours = |task: &TaskId| self.path(task).exists();
        Ok(tasks.collect::<Result<Vec<_>>>()?.into_iter().filter(ours).collect())
    }

    /// `Corrupt` where a commit was acknowledged that the record does not know.
    pub(crate) fn check(&self, task: &TaskId, record: &Record) -> Result<()> {
        let path = self.path(task);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == IoKind::NotFound => return Ok(()),
            Err(error) => return Err(file(&path, "read", error)),
        };
        let Some((epoch, sequence)) = decode(&text) else {
            tracing::warn!(%task, "the mark of the acknowledged commit is unreadable");
            return Ok(());
        };
        let stored = record.checkpoint.sequence;
        if epoch > record.fence.epoch {
            let message = format!(
                "task {task} has lost the claim of epoch {epoch}: its files are damaged, or older than this. Restore \
                 the whole directory from a copy"
            );
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        if epoch <= record.born || sequence <= stored {
            return Ok(());
        }
        let message = format!(
            "task {task} has lost commits {} to {sequence}, which were acknowledged: its files are damaged. Restore \
             the directory from a copy; or remove {} to go on from commit {stored} and its offsets",
            stored + 1,
            path.display()
        );
        Err(Error::new(ErrorKind::Corrupt, message))
    }
}

/// A name of its own for each task, also where names that differ by case are one file.
fn name(task: &TaskId) -> String {
    let TaskId { application, partition, .. } = task;
    let escaped = application.as_str().chars().map(|letter| match letter {
        'A'..='Z' => format!("%{}", letter.to_ascii_lowercase()),
        _ => letter.to_string(),
    });
    format!("{}@{partition}", escaped.collect::<String>())
}

/// Fixed width, so that a later mark covers an earlier one.
pub(crate) fn encode(epoch: u64, sequence: u64) -> String {
    format!("{epoch:020} {sequence:020}\n")
}

pub(crate) fn decode(text: &str) -> Option<(u64, u64)> {
    let (epoch, sequence) = text.strip_suffix('\n')?.split_once(' ')?;
    Some((epoch.parse().ok()?, sequence.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::PoisonError};

    use store_core::backend::TaskId;

    use super::{Acknowledged, MOST_OPEN, decode, encode, name};

    #[test]
    fn many_tasks_keep_few_files_open() {
        let folder = tempfile::tempdir().unwrap();
        let marks = Acknowledged::open(folder.path()).unwrap();
        let task = |partition| TaskId::new("app", partition).unwrap();
        for sequence in 1..=2 {
            for partition in 0..200 {
                marks.note(&task(partition), 1, sequence);
                let open = marks.open.lock().unwrap_or_else(PoisonError::into_inner).len();
                assert!(open <= MOST_OPEN, "{open} files are open");
            }
        }
        for partition in 0..200 {
            let mark = fs::read_to_string(marks.path(&task(partition))).unwrap();
            assert_eq!(decode(&mark), Some((1, 2)));
        }
    }

    #[test]
    fn golden_bytes() {
        assert_eq!(encode(3, 57), "00000000000000000003 00000000000000000057\n");
        assert_eq!(decode(&encode(u64::MAX, 0)), Some((u64::MAX, 0)));
        let task = TaskId::new("Word-count", 7).unwrap();
        assert_eq!(name(&task), "%word-count@7");
        for torn in ["", "0000 ", "x y\n", "00000000000000000003 0000000000"] {
            assert_eq!(decode(torn), None);
        }
    }
}
