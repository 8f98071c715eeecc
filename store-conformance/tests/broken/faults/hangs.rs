//! Calls that never end, or fail where they may be repeated.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Claim, Commit, OwnerId, TaskId},
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
        Broken::new("close-once", "closing again is an error", || Counted::of(Call::CloseOnce)),
        Broken::new("apply-once", "applying again is an error", || Counted::of(Call::ApplyOnce)),
        Broken::new("apply-needs-commit", "applying nothing is an error", || {
            Counted::of(Call::ApplyFirst)
        }),
    ]
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
    closes: AtomicUsize,
}

impl Counted {
    fn of(call: Call) -> Self {
        let [claims, commits, applies, closes] = [0; 4].map(AtomicUsize::new);
        Self { call, claims, commits, applies, closes }
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
        match (next(&self.closes), self.call) {
            (_, Call::CloseHangs) => pending().await,
            (1.., Call::CloseOnce) => Err(refused()),
            _ => sound.writer()?.close().await,
        }
    }
}
