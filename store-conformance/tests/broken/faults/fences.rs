//! Fences and sequence numbers.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Claim, Commit, OwnerId, TaskId, TaskReader},
    redo::toy::Break,
};

use super::{Broken, lock};
use crate::{
    altered::Told,
    fault::{Fault, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("zombie-commits", "a commit of an earlier owner is applied", || Forced {
            on: ErrorKind::Fenced,
            told: false,
        }),
        Broken::new("zombie-applied", "a refused commit of an earlier owner is applied", || {
            Forced { on: ErrorKind::Fenced, told: true }
        }),
        Broken::new("gap-closed", "a commit above a gap is applied", || Forced {
            on: ErrorKind::SequenceGap,
            told: false,
        }),
        Broken::new("gap-applied", "a refused commit above a gap is applied", || Forced {
            on: ErrorKind::SequenceGap,
            told: true,
        }),
        Broken::new("gap-hidden", "a commit above a gap is thrown away silently", || {
            Told(|told| told.or_else(|error| hidden(error, ErrorKind::SequenceGap)))
        }),
        Broken::new("fence-hidden", "a commit of an earlier owner is thrown away silently", || {
            Told(|told| told.or_else(|error| hidden(error, ErrorKind::Fenced)))
        }),
        Broken::new("fence-is-a-pause", "an earlier owner is told to try again", || {
            Told(|told| {
                told.map_err(|error| match error.kind() {
                    ErrorKind::Fenced => Error::new(ErrorKind::Unavailable, "try again"),
                    _ => error,
                })
            })
        }),
        Broken::new("resend-counts", "a commit sent again is another commit", || Resent {
            refused: false,
        }),
        Broken::new("resend-refused", "a commit sent again is refused", || Resent {
            refused: true,
        }),
        Broken::new(
            "number-checked-early",
            "a commit that comes between the check of another's number and its write is overwritten",
            NumberEarly::default,
        ),
        Broken::new("epoch-only", "of two claims at once both may commit", EpochOnly::default),
        Broken::new("own-rival", "a claim repeated is its own rival", || OwnRival),
        Broken::new("claim-locks", "a second claim is refused", Locks::default),
        Broken::new(
            "claim-fences-nobody",
            "a claim leaves the earlier owner in place",
            FirstStays::default,
        ),
        Broken::new("read-fences", "reading fences the owner", || ReadFences),
        Broken::new("close-fences", "closing an earlier owner fences the later one", || {
            CloseFences
        }),
        Broken::rule(
            "toy-without-fence",
            "the compare-and-set compares no fence",
            Break::CommitWithoutFence,
        ),
    ]
}

fn hidden(error: Error, kind: ErrorKind) -> Result<()> {
    if error.kind() == kind { Ok(()) } else { Err(error) }
}

/// What is refused is applied, whether or not the refusal is told.
#[derive(Debug)]
struct Forced {
    on: ErrorKind,
    told: bool,
}

#[async_trait]
impl Fault for Forced {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        match sound.writer()?.commit(commit).await {
            Err(error) if error.kind() == self.on => {
                sound.force(commit).await?;
                if self.told { Err(error) } else { Ok(()) }
            }
            told => told,
        }
    }
}

#[derive(Debug)]
struct Resent {
    refused: bool,
}

#[async_trait]
impl Fault for Resent {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        if sound.reader.checkpoint().await?.sequence != commit.sequence() {
            return sound.writer()?.commit(commit).await;
        }
        if self.refused {
            return Err(Error::new(ErrorKind::SequenceGap, "this commit was there already"));
        }
        sound.force(commit).await
    }
}

/// Checks the number, waits now and then, and writes whatever is there by then.
#[derive(Debug, Default)]
struct NumberEarly(Mutex<HashSet<(TaskId, u64)>>);

#[async_trait]
impl Fault for NumberEarly {
    async fn commit(&self, sound: &Sound, commit: &Arc<Commit>) -> Result<()> {
        let mut now = sound.reader.checkpoint().await?;
        let before = now.sequence;
        let is_first = lock(&self.0).insert((sound.task.clone(), commit.sequence()));
        // Until others have gone on, where they do: by looking, since a server takes longer to answer than a map.
        for _ in 0..if is_first && commit.sequence() % 2 == 1 { 20 } else { 0 } {
            if now.sequence > commit.sequence() {
                break;
            }
            tokio::task::yield_now().await;
            now = sound.reader.checkpoint().await?;
        }
        if before + 1 != commit.sequence() || now.sequence <= commit.sequence() {
            return sound.writer()?.commit(commit).await;
        }
        now.sequence += 1;
        sound.writer()?.commit(&Arc::new(Commit::new(now, commit.changes().clone()))).await
    }
}

/// Claims that meet get the same owner.
#[derive(Debug, Default)]
pub(super) struct EpochOnly(Mutex<HashMap<TaskId, (OwnerId, usize)>>);

impl EpochOnly {
    fn with<T>(&self, task: &TaskId, owner: OwnerId, with: fn(&mut (OwnerId, usize)) -> T) -> T {
        let mut claims = lock(&self.0);
        let claim = claims.entry(task.clone()).or_insert((owner, 0));
        if claim.1 == 0 {
            claim.0 = owner;
        }
        with(claim)
    }
}

#[async_trait]
impl Fault for EpochOnly {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        let shared = self.with(task, owner, |(owner, claims)| {
            *claims += 1;
            *owner
        });
        tokio::task::yield_now().await;
        let claim = sound.claim(task, shared, &[]).await;
        self.with(task, owner, |(_, claims)| *claims = claims.saturating_sub(1));
        claim
    }
}

#[derive(Debug)]
struct OwnRival;

#[async_trait]
impl Fault for OwnRival {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, _owner: OwnerId) -> Result<Claim> {
        sound.claim(task, OwnerId::random(), &[]).await
    }
}

#[derive(Debug, Default)]
struct Locks(Mutex<HashMap<TaskId, OwnerId>>);

#[async_trait]
impl Fault for Locks {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        let holder = {
            let mut owners = lock(&self.0);
            *owners.entry(task.clone()).or_insert(owner)
        };
        if holder != owner {
            return Err(Error::new(ErrorKind::Locked, "somebody else has the task"));
        }
        sound.claim(task, owner, &[]).await
    }
}

/// Later claims work as the first owner.
#[derive(Debug, Default)]
struct FirstStays(Mutex<HashMap<TaskId, OwnerId>>);

#[async_trait]
impl Fault for FirstStays {
    async fn claim(&self, sound: &dyn Backend, task: &TaskId, owner: OwnerId) -> Result<Claim> {
        let first = {
            let mut owners = lock(&self.0);
            *owners.entry(task.clone()).or_insert(owner)
        };
        sound.claim(task, first, &[]).await
    }
}

#[derive(Debug)]
struct ReadFences;

#[async_trait]
impl Fault for ReadFences {
    async fn read(&self, sound: &dyn Backend, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let reader = sound.read(task).await?;
        sound.claim(task, OwnerId::random(), &[]).await?;
        Ok(reader)
    }
}

#[derive(Debug)]
struct CloseFences;

#[async_trait]
impl Fault for CloseFences {
    async fn close(&self, sound: &Sound) -> Result<()> {
        sound.backend.claim(&sound.task, OwnerId::random(), &[]).await?;
        Ok(())
    }
}
