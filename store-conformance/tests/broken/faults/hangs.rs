//! Calls that never end, or fail where they may be repeated.

use std::{
    future::pending,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Claim, Commit, OwnerId, TaskId, TaskReader, TaskWriter},
};

use super::Broken;
use crate::fault::{Fault, Sound};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("commit-hangs", "the third commit never ends", || Counted::of(Call::Hangs))
            .endless(),
        Broken::new("claim-hangs", "the third claim never ends", || Counted::of(Call::ClaimHangs))
            .endless(),
        Broken::new("commit-panics", "the third commit panics", || Counted::of(Call::Panics)),
        Broken::new("close-hangs", "closing never ends", || Counted::of(Call::CloseHangs))
            .endless(),
        Broken::new(
            "failures-leak",
            "each refused read of a task leaves something running",
            || Leak,
        ),
        Broken::new("close-once", "closing again is an error", || Counted::of(Call::CloseOnce)),
        Broken::new("apply-once", "applying again is an error", || Counted::of(Call::ApplyOnce)),
        Broken::new("apply-needs-commit", "applying nothing is an error", || {
            Counted::of(Call::ApplyFirst)
        }),
    ]
}

#[derive(Debug)]
struct Leak;

#[async_trait]
impl Fault for Leak {
    async fn read(&self, sound: &dyn Backend, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let reader = sound.read(task).await;
        if reader.is_err() {
            tokio::spawn(pending::<()>());
        }
        reader
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Hangs,
    ClaimHangs,
    Panics,
    CloseHangs,
    CloseOnce,
    ApplyOnce,
    ApplyFirst,
}

/// Goes wrong at some call.
#[derive(Debug)]
struct Counted {
    call: Call,
    claims: AtomicUsize,
    commits: AtomicUsize,
    applies: AtomicUsize,
    closed: Mutex<Vec<Arc<dyn TaskWriter>>>,
}

impl Counted {
    fn of(call: Call) -> Self {
        let [claims, commits, applies] = [0; 3].map(AtomicUsize::new);
        Self { call, claims, commits, applies, closed: Mutex::default() }
    }
}

impl Counted {
    /// Whether this writer was closed before; it is from now on.
    fn is_closed(&self, sound: &Sound) -> bool {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = &sound.writer else { return true };
        let before = closed.iter().any(|other| Arc::ptr_eq(other, writer));
        closed.push(writer.clone());
        before
    }
}

fn next(counter: &AtomicUsize) -> usize {
    counter.fetch_add(1, Ordering::Relaxed)
}

fn refused() -> Error {
    Error::new(ErrorKind::InvalidArgument, "not in this order")
}

#[async_trait]
impl Fault for Counted {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        if next(&self.claims) == 2 && self.call == Call::ClaimHangs {
            pending::<()>().await;
        }
        sound.claim(task, owner, &[]).await
    }

    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        match (next(&self.commits), self.call) {
            (2, Call::Hangs) => pending::<()>().await,
            (2, Call::Panics) => panic!("the third commit"),
            _ => {}
        }
        sound.writer()?.commit(commit).await
    }

    async fn apply(&self, sound: &Sound) -> Result<()> {
        let (commits, applies) = (self.commits.load(Ordering::Relaxed), next(&self.applies));
        match self.call {
            Call::ApplyOnce if applies >= commits && commits > 0 => Err(refused()),
            Call::ApplyFirst if commits == 0 => Err(refused()),
            _ => sound.writer()?.apply().await,
        }
    }

    async fn close(&self, sound: &Sound) -> Result<()> {
        match self.call {
            Call::CloseHangs => pending().await,
            Call::CloseOnce if self.is_closed(sound) => Err(refused()),
            _ => sound.writer()?.close().await,
        }
    }
}
