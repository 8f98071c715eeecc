//! The life of tasks, and their names.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Backend, Checkpoint, Claim, KeyRange, Name, Order, OwnerId, Page, TaskId, TaskReader,
        TaskSummary,
    },
    redo::toy::Break,
};

use super::Broken;
use crate::{
    Key,
    altered::{Listed, Named},
    fault::{Fault, Scan, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("names-without-case", "names of applications have no case", || {
            Named(|task| renamed(task, &task.application.as_str().to_lowercase()))
        }),
        Broken::new("names-cut", "names of applications are cut at 64 bytes", || {
            Named(|task| {
                let name = task.application.as_str();
                renamed(task, &name[..name.len().min(64)])
            })
        }),
        Broken::new("names-flattened", "a dot in a name is an underscore", || {
            Named(|task| renamed(task, &task.application.as_str().replace('.', "_")))
        }),
        Broken::new("names-by-prefix", "an application is its first three letters", || {
            Named(|task| {
                let name = task.application.as_str();
                renamed(task, &name[..name.len().min(3)])
            })
        }),
        Broken::new("names-run-together", "application and partition are one word", || {
            Named(|task| {
                let word = format!("{}{}", task.application, task.partition);
                TaskId::new(&word[..word.len().min(100)], 0).expect("a legal name")
            })
        }),
        Broken::new("partitions-by-digit", "a partition is its last digit", || {
            Named(|task| at(task, task.partition % 10))
        }),
        Broken::new("partitions-short", "partitions are numbers of 16 bits", || {
            Named(|task| at(task, task.partition & 0xffff))
        }),
        Broken::new("listed-backward", "tasks are listed from the last one", || {
            Listed(|tasks| tasks.reverse())
        }),
        Broken::new("listed-as-text", "tasks are listed as texts order", || {
            Listed(|tasks| tasks.sort_by_key(|summary| summary.task.partition.to_string()))
        }),
        Broken::new("listed-when-committed", "tasks without a commit are not listed", || {
            Listed(|tasks| tasks.retain(|summary| summary.checkpoint.sequence > 0))
        }),
        Broken::new("listed-empty", "tasks are listed without their checkpoint", || {
            Listed(|tasks| tasks.iter_mut().for_each(|one| one.checkpoint = Checkpoint::default()))
        }),
        Broken::new("listed-others", "other applications' tasks are listed", || {
            Tracks::of(Track::Others)
        }),
        Broken::new("listed-destroyed", "destroyed tasks are listed", || {
            Tracks::of(Track::Destroyed)
        }),
        Broken::new("destroy-keeps", "a destroyed task is only hidden", || {
            Tracks::of(Track::Hidden)
        }),
        Broken::new("destroy-ignored", "destroying does nothing", || Tracks::of(Track::Ignored)),
        Broken::new("destroy-takes-next", "destroying takes the next task too", || {
            Tracks::of(Track::Next)
        }),
        Broken::new("destroy-of-nothing", "destroying what is not there is fine", || {
            Tracks::of(Track::Absent)
        }),
        Broken::new("read-makes", "reading a task that is not there makes it", || {
            Tracks::of(Track::Made)
        }),
        Broken::new("read-fails-otherwise", "a task that is not there is unavailable", || {
            Tracks::of(Track::Unavailable)
        }),
        Broken::new("reader-outlives", "a reader shows the task's next life", || Outlives),
        Broken::rule("destroy-forgets", "destroying forgets the epoch", Break::DestroyForgets),
    ]
}

fn renamed(task: &TaskId, name: &str) -> TaskId {
    TaskId::new(name, task.partition).expect("a legal name")
}

fn at(task: &TaskId, partition: u32) -> TaskId {
    TaskId::new(task.application.as_str(), partition).expect("a legal name")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Track {
    Others,
    Destroyed,
    Hidden,
    Ignored,
    Next,
    Absent,
    Made,
    Unavailable,
}

/// Does something to tasks that it keeps track of.
#[derive(Debug)]
struct Tracks {
    what: Track,
    claimed: Mutex<BTreeSet<TaskId>>,
    hidden: Mutex<BTreeSet<TaskId>>,
}

impl Tracks {
    fn of(what: Track) -> Self {
        Self { what, claimed: Mutex::default(), hidden: Mutex::default() }
    }

    fn hidden(&self) -> MutexGuard<'_, BTreeSet<TaskId>> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claimed(&self) -> MutexGuard<'_, BTreeSet<TaskId>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, task: &TaskId) -> Result<()> {
        if self.hidden().contains(task) {
            return Err(Error::new(ErrorKind::NotFound, "there is no such task"));
        }
        Ok(())
    }
}

#[async_trait]
impl Fault for Tracks {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        self.hidden().remove(task);
        self.claimed().insert(task.clone());
        sound.claim(task, owner, &[]).await
    }

    async fn read(&self, sound: &dyn Backend, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        self.check(task)?;
        match (sound.read(task).await, self.what) {
            (Err(_), Track::Made) => {
                sound.claim(task, OwnerId::random(), &[]).await?;
                sound.read(task).await
            }
            (Err(error), Track::Unavailable) => {
                Err(Error::new(ErrorKind::Unavailable, "not now").with_source(error))
            }
            (read, _) => read,
        }
    }

    async fn tasks(&self, sound: &dyn Backend, application: &Name) -> Result<Vec<TaskSummary>> {
        let mut tasks = sound.tasks(application).await?;
        let hidden = self.hidden().clone();
        tasks.retain(|summary| !hidden.contains(&summary.task));
        let more: Vec<_> = match self.what {
            Track::Others => {
                let other = |task: &&TaskId| {
                    let name = task.application.as_str();
                    name != application.as_str() && name.starts_with(application.as_str())
                };
                self.claimed().iter().filter(other).cloned().collect()
            }
            Track::Destroyed => {
                let gone = |task: &&TaskId| tasks.iter().all(|summary| summary.task != **task);
                let ours = |task: &&TaskId| task.application == *application;
                self.claimed().iter().filter(ours).filter(gone).cloned().collect()
            }
            _ => Vec::new(),
        };
        let summary = |task| TaskSummary::new(task, 1, Checkpoint::default());
        tasks.extend(more.into_iter().map(summary));
        Ok(tasks)
    }

    async fn destroy(&self, sound: &dyn Backend, task: &TaskId) -> Result<()> {
        self.check(task)?;
        match self.what {
            Track::Hidden => {
                sound.read(task).await?;
                sound.claim(task, OwnerId::random(), &[]).await?;
                self.hidden().insert(task.clone());
                Ok(())
            }
            Track::Ignored => sound.read(task).await.map(|_| ()),
            Track::Absent => {
                // Whether it was there or not.
                let _ = sound.destroy(task).await;
                Ok(())
            }
            Track::Next => {
                let _ = sound.destroy(&at(task, task.partition + 1)).await;
                sound.destroy(task).await
            }
            _ => sound.destroy(task).await,
        }
    }
}

/// Readers open the task anew for each answer.
#[derive(Debug)]
struct Outlives;

impl Outlives {
    async fn reader(sound: &Sound) -> Result<Arc<dyn TaskReader>> {
        match sound.writer {
            Some(_) => Ok(sound.reader.clone()),
            None => sound.backend.read(&sound.task).await,
        }
    }
}

#[async_trait]
impl Fault for Outlives {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<bytes::Bytes>>> {
        Self::reader(sound).await?.get_many(keys).await
    }

    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        let (range, order): (KeyRange, Order) = (scan.range, scan.order);
        Self::reader(sound).await?.scan(scan.map, &range, order, scan.limit).await
    }

    async fn checkpoint(&self, sound: &Sound) -> Result<Checkpoint> {
        Self::reader(sound).await?.checkpoint().await
    }
}
