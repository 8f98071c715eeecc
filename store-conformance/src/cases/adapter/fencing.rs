//! Claims, fences and sequence numbers.

use crate::Context;
use anyhow::{Result, ensure};
use futures::future::join_all;
use store_core::{
    ErrorKind,
    backend::{Changes, OwnerId},
};

use super::{holds, refused};
use crate::waist::{MAP, Model, Owner, key, puts, task};

fn model(value: &str) -> Model {
    [(key("key"), key(value))].into()
}

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

pub(crate) async fn one_of_many_claims_wins(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let id = task(0);
    let claims = join_all((0..16).map(|_| Owner::claim(&backend, &id))).await;
    let mut accepted = 0;
    for claim in claims {
        match claim {
            Ok(mut owner) => accepted += u64::from(owner.put(MAP, &model("x")).await.is_ok()),
            // Fenced while it was still claiming.
            Err(error) => ensure!(
                error.downcast_ref::<store_core::Error>().map(|e| e.kind())
                    == Some(ErrorKind::Fenced),
                "{error:#}"
            ),
        }
    }
    ensure!(accepted == 1, "{accepted} owners could commit");
    Ok(())
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
    holds(owner.reader(), MAP, &model("twice"), "commit 1 came again after commit 2").await
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
