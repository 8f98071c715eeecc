//! What happens to which call.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use store_core::{
    Effect, Error, ErrorKind, Result,
    backend::{Commit, TaskWriter},
};
use tokio::sync::watch;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It works.
    None,
    /// It does not happen, and that is known.
    Refused,
    /// It does not happen, and nobody learns.
    LostRequest,
    /// It happens, and nobody learns.
    LostReply,
    /// Nobody learns, and it happens when [`Faulty::deliver`](super::Faulty::deliver) says so. For commits only.
    Late,
}

/// How many calls came to a backend, through one [`Faulty`](super::Faulty).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calls {
    /// Reads of keys.
    pub gets: u64,
    /// Pages of scans.
    pub scans: u64,
    /// Commits, resent ones included.
    pub commits: u64,
}

/// The calls that are to fail, and those that came.
#[derive(Debug)]
pub(super) struct Script {
    lists: Mutex<Lists>,
    /// Before commits are sent.
    pub(super) commits: Door,
    /// Behind reads that were answered.
    pub(super) reads: Door,
}

/// A place where calls can be held.
#[derive(Debug)]
pub(super) struct Door {
    held: watch::Sender<bool>,
    waiting: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) commits: VecDeque<Fault>,
    pub(super) applies: VecDeque<Fault>,
    pub(super) reads: VecDeque<Fault>,
    /// Commits that nobody waits for any more.
    pub(super) late: Vec<(Arc<dyn TaskWriter>, Arc<Commit>)>,
    pub(super) calls: Calls,
}

impl Script {
    pub(super) fn new() -> Self {
        Self { lists: Mutex::default(), commits: Door::new(), reads: Door::new() }
    }

    pub(super) fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a call that meets a fault.
    pub(super) async fn meet<T>(
        fault: Option<Fault>,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match fault.unwrap_or(Fault::None) {
            Fault::None => call.await,
            Fault::Refused => Err(Error::new(ErrorKind::Throttled, "the call is refused")
                .with_effect(Effect::NotApplied)),
            Fault::LostReply => call.await.and_then(|_| Err(lost())),
            Fault::LostRequest | Fault::Late => Err(lost()),
        }
    }
}

impl Door {
    fn new() -> Self {
        Self { held: watch::Sender::new(false), waiting: watch::Sender::new(0) }
    }

    pub(super) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Returns once a call waits here.
    pub(super) async fn wait(&self) {
        // The sender lives as long as this.
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await;
    }

    /// Waits while calls are held.
    pub(super) async fn pass(&self) {
        if *self.held.borrow() {
            let _waiting = Waiting::new(&self.waiting);
            let _ = self.held.subscribe().wait_for(|held| !held).await;
        }
    }
}

/// Counts a call at the door until it has passed or is given up.
struct Waiting<'a>(&'a watch::Sender<u64>);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a watch::Sender<u64>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

fn lost() -> Error {
    Error::new(ErrorKind::Timeout, "the answer is lost")
}
