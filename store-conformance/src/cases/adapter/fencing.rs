//! Claims, fences and sequence numbers.

use crate::Context;
use anyhow::{Result, ensure};
use futures::future::join_all;
use store_core::{
    ErrorKind,
    backend::{Changes, OwnerId},
};

use crate::waist::{MAP, Model, Owner, all, key, kind, puts, task};

fn model(value: &str) -> Model {
    [(key("key"), key(value))].into()
}

pub(crate) async fn the_last_claim_wins(context: Context) -> Result<()> {
    let mut old = Owner::claim(&context.backend().await?, &task(0)).await?;
    old.put(MAP, &model("old")).await?;
    let mut new = Owner::claim(&context.backend().await?, &task(0)).await?;
    ensure!(new.checkpoint.sequence == 1);
    ensure!(kind(old.put(MAP, &model("zombie")).await) == Some(ErrorKind::Fenced));
    ensure!(all(new.reader(), MAP).await? == model("old"));
    new.put(MAP, &model("new")).await?;
    ensure!(kind(old.put(MAP, &model("zombie")).await) == Some(ErrorKind::Fenced));
    ensure!(all(new.reader(), MAP).await? == model("new"));
    ensure!(new.reader().checkpoint().await?.sequence == 2);
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
    ensure!(owner.reader().checkpoint().await?.sequence == 1);
    owner.put(MAP, &model("twice")).await?;
    ensure!(kind(owner.claim.writer.commit(&commit).await) == Some(ErrorKind::SequenceGap));
    ensure!(all(owner.reader(), MAP).await? == model("twice"));
    Ok(())
}

pub(crate) async fn a_gap_is_refused(context: Context) -> Result<()> {
    let mut owner = Owner::claim(&context.backend().await?, &task(0)).await?;
    owner.put(MAP, &model("one")).await?;
    owner.checkpoint.sequence += 3;
    ensure!(kind(owner.put(MAP, &model("five")).await) == Some(ErrorKind::SequenceGap));
    ensure!(all(owner.reader(), MAP).await? == model("one"));
    Ok(())
}

pub(crate) async fn a_claim_repeated_is_not_its_own_rival(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let id = OwnerId::random();
    let first = backend.claim(&task(0), id, &[]).await?;
    let second = backend.claim(&task(0), id, &[]).await?;
    let mut owner = Owner { checkpoint: second.checkpoint.clone(), claim: second };
    owner.put(MAP, &model("x")).await?;
    ensure!(backend.tasks(&task(0).application).await?[0].epoch == 1);
    drop(first);
    Ok(())
}

pub(crate) async fn an_empty_commit_is_fenced(context: Context) -> Result<()> {
    let mut old = Owner::claim(&context.backend().await?, &task(0)).await?;
    let empty = old.next(Changes::new());
    old.send(&empty).await?;
    let new = Owner::claim(&context.backend().await?, &task(0)).await?;
    let empty = old.next(Changes::new());
    ensure!(kind(old.send(&empty).await) == Some(ErrorKind::Fenced));
    ensure!(new.checkpoint.sequence == 1);
    Ok(())
}
