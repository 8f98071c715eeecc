//! Claims, fences and sequence numbers.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use anyhow::{Context as _, Result, ensure};
use futures::future::{join, join_all, try_join_all};
use store_core::{
    ErrorKind,
    backend::{Backend, Changes, OwnerId},
};
use tokio::task::yield_now;

use super::{holds, model, refused};
use crate::{
    Context,
    waist::{MAP, Owner, puts, task},
};

pub(crate) async fn the_last_claim_wins(context: Context) -> Result<()> {
    let mut old = Owner::claim(&context.backend().await?, &task(0)).await?;
    old.put(MAP, &model("old")).await?;
    let mut new = Owner::claim(&context.backend().await?, &task(0)).await?;
    let told = new.checkpoint.sequence;
    ensure!(told == 1, "the claim is given commit {told} as the last one, instead of 1");
    let late = old.put(MAP, &model("zombie")).await;
    refused(late, ErrorKind::Fenced, "commit 2 of the earlier owner, before that of the later")?;
    holds(new.reader(), MAP, &model("old"), "a later claim, and a fenced commit").await?;
    new.put(MAP, &model("new")).await?;
    let late = old.put(MAP, &model("zombie")).await;
    refused(late, ErrorKind::Fenced, "commit 2 of the earlier owner, after that of the later")?;
    holds(new.reader(), MAP, &model("new"), "the later owner's commit, and a fenced one").await?;
    let left = new.reader().checkpoint().await?.sequence;
    ensure!(left == 2, "the task is at commit {left} instead of 2");
    Ok(())
}

/// By several handles: all in one task, where they meet at each of their steps, and each in a thread and runtime of its own.
pub(crate) async fn one_of_many_claims_wins(context: Context) -> Result<()> {
    let handles = try_join_all((0..4).map(|_| context.backend())).await?;
    for round in 0..4 {
        let claims = match round {
            0 => join_all(handles.iter().map(|handle| claims(handle, round)))
                .await
                .into_iter()
                .flatten()
                .collect(),
            _ => claims_of_threads(&handles, round).await?,
        };
        let mut accepted = 0;
        for claim in claims {
            let told = match claim {
                Ok(mut owner) => owner.put(MAP, &model("x")).await,
                // Fenced while it was still claiming.
                Err(error) => Err(error.downcast::<store_core::Error>()?),
            };
            match told {
                Ok(()) => accepted += 1,
                Err(error) => ensure!(error.kind() == ErrorKind::Fenced, "{error}"),
            }
        }
        ensure!(accepted == 1, "round {round}: {accepted} owners could commit");
    }
    Ok(())
}

/// Several at once, by one handle.
async fn claims(handle: &Arc<dyn Backend>, partition: u32) -> Vec<Result<Owner>> {
    let id = task(partition);
    join_all((0..4).map(|_| Owner::claim(handle, &id))).await
}

async fn claims_of_threads(
    handles: &[Arc<dyn Backend>],
    partition: u32,
) -> Result<Vec<Result<Owner>>> {
    let start = Arc::new(Barrier::new(handles.len()));
    let by_thread = |handle: &Arc<dyn Backend>| {
        let (handle, start) = (handle.clone(), start.clone());
        thread::spawn(move || -> Result<_> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            start.wait();
            Ok(runtime.block_on(claims(&handle, partition)))
        })
    };
    let threads: Vec<_> = handles.iter().map(by_thread).collect();
    let mut claims = Vec::new();
    for thread in threads {
        let joined = tokio::task::spawn_blocking(move || thread.join()).await?;
        claims.extend(joined.ok().context("a thread panicked")??);
    }
    Ok(claims)
}

pub(crate) async fn a_commit_sent_twice_counts_once(context: Context) -> Result<()> {
    let mut owner = Owner::claim(&context.backend().await?, &task(0)).await?;
    let commit = owner.next(puts(MAP, &model("once")));
    for _ in 0..3 {
        owner.send(&commit).await?;
    }
    let left = owner.reader().checkpoint().await?.sequence;
    ensure!(left == 1, "commit 1 was sent three times and the task is at {left}");
    owner.put(MAP, &model("twice")).await?;
    let late = owner.claim.writer.commit(&commit).await;
    refused(late, ErrorKind::SequenceGap, "commit 1 after commit 2")?;
    holds(owner.reader(), MAP, &model("twice"), "commit 1 came again after commit 2").await?;
    sent_again_while_it_is_worked_on(owner).await
}

/// A caller that waited no longer sends its commit again, and then the next one, while the first call goes on.
async fn sent_again_while_it_is_worked_on(mut owner: Owner) -> Result<()> {
    for round in 0..24 {
        let commit = owner.next(puts(MAP, &model("first")));
        let abandoned = owner.claim.writer.clone();
        let (told, sent) = join(abandoned.commit(&commit), async {
            for _ in 0..round % 6 {
                yield_now().await;
            }
            owner.send(&commit).await?;
            owner.put(MAP, &model("second")).await
        })
        .await;
        sent?;
        // It found itself decided, or that the next one was there already; nobody waits for its answer.
        let told = told.err().filter(|error| !error.is_retryable()).map(|error| error.kind());
        ensure!(told.is_none_or(|kind| kind == ErrorKind::SequenceGap), "the first call: {told:?}");
        let when = format!("round {round}: a commit was sent again, then the next one");
        holds(owner.reader(), MAP, &model("second"), &when).await?;
    }
    Ok(())
}

pub(crate) async fn a_gap_is_refused(context: Context) -> Result<()> {
    let mut owner = Owner::claim(&context.backend().await?, &task(0)).await?;
    owner.put(MAP, &model("one")).await?;
    owner.checkpoint.sequence += 3;
    let above = owner.put(MAP, &model("five")).await;
    refused(above, ErrorKind::SequenceGap, "commit 5 after commit 1")?;
    holds(owner.reader(), MAP, &model("one"), "commit 5 was refused").await
}

pub(crate) async fn a_claim_repeated_is_not_its_own_rival(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let id = OwnerId::random();
    let first = backend.claim(&task(0), id, &[]).await?;
    let second = backend.claim(&task(0), id, &[]).await?;
    let mut owner = Owner { checkpoint: second.checkpoint.clone(), claim: second };
    owner.put(MAP, &model("x")).await?;
    let epoch = backend.tasks(&task(0).application).await?[0].epoch;
    ensure!(epoch == 1, "one owner claimed twice and the epoch is {epoch}");
    drop(first);
    Ok(())
}

pub(crate) async fn an_empty_commit_is_fenced(context: Context) -> Result<()> {
    let mut old = Owner::claim(&context.backend().await?, &task(0)).await?;
    let empty = old.next(Changes::new());
    old.send(&empty).await?;
    let new = Owner::claim(&context.backend().await?, &task(0)).await?;
    let empty = old.next(Changes::new());
    refused(old.send(&empty).await, ErrorKind::Fenced, "an empty commit of an earlier owner")?;
    let told = new.checkpoint.sequence;
    ensure!(told == 1, "an empty commit was accepted and the next claim is given commit {told}");
    Ok(())
}
