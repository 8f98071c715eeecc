//! What may be repeated, and who is listed.

use crate::Context;
use anyhow::{Result, ensure};
use store_core::{
    ErrorKind,
    backend::{Changes, TaskId},
};

use super::{holds, model, refused};
use crate::waist::{MAP, Model, Owner, puts, task};

pub(crate) async fn apply_and_close_may_be_repeated(context: Context) -> Result<()> {
    let mut owner = Owner::claim(&context.backend().await?, &task(0)).await?;
    owner.claim.writer.apply().await?;
    owner.put(MAP, &model("1")).await?;
    for _ in 0..3 {
        owner.claim.writer.apply().await?;
    }
    holds(owner.reader(), MAP, &model("1"), "the commit was applied four times").await?;
    for _ in 0..3 {
        owner.claim.writer.close().await?;
    }
    let new = Owner::claim(&context.backend().await?, &task(0)).await?;
    ensure!(new.checkpoint.sequence == 1, "closing commits nothing");
    Ok(())
}

pub(crate) async fn closing_fences_nobody(context: Context) -> Result<()> {
    let old = Owner::claim(&context.backend().await?, &task(0)).await?;
    let mut new = Owner::claim(&context.backend().await?, &task(0)).await?;
    // Whether a closed writer says that it was fenced is its own affair.
    let _ = old.claim.writer.close().await;
    drop(old);
    new.put(MAP, &model("new")).await?;
    holds(new.reader(), MAP, &model("new"), "the earlier owner was closed").await
}

/// Claimed tasks are there before their first commit; destroyed ones are not, nor those of other applications.
pub(crate) async fn the_list_is_of_tasks_that_are_there(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    for name in ["ap", "app", "app1", "app-", "App", "apq"] {
        Owner::claim(&backend, &TaskId::new(name, 3)?).await?;
    }
    let listed = async || -> Result<Vec<_>> {
        let tasks = backend.tasks(&task(0).application).await?;
        Ok(tasks.into_iter().map(|summary| (summary.task, summary.checkpoint.sequence)).collect())
    };
    ensure!(listed().await? == [(task(3), 0)], "{:?}", listed().await?);
    let reader = backend.read(&task(3)).await?;
    ensure!(reader.checkpoint().await?.sequence == 0, "a task without a commit has one");
    holds(&*reader, MAP, &Model::new(), "the task was claimed only").await?;
    Owner::claim(&backend, &task(4)).await?.put(MAP, &model("x")).await?;
    backend.destroy(&task(3)).await?;
    ensure!(listed().await? == [(task(4), 1)], "{:?}", listed().await?);
    Ok(())
}

/// A refused commit leaves nothing, also when it is the first one.
pub(crate) async fn a_refused_commit_leaves_nothing(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut old = Owner::claim(&backend, &task(0)).await?;
    let new = Owner::claim(&backend, &task(0)).await?;
    let mut changes = puts(MAP, &model("zombie"));
    changes.extend(puts(store_core::backend::MapId::segment(2, 1), &model("zombie")));
    let commit = old.next(changes);
    refused(old.send(&commit).await, ErrorKind::Fenced, "the first commit of an earlier owner")?;
    holds(new.reader(), MAP, &Model::new(), "the commit was fenced").await?;
    let left = new.reader().checkpoint().await?;
    ensure!(left == Default::default(), "a fenced commit left its checkpoint");
    let mut later = new.next(Changes::new()).checkpoint().clone();
    later.sequence = 9;
    let gap =
        std::sync::Arc::new(store_core::backend::Commit::new(later, puts(MAP, &model("gap"))));
    refused(new.claim.writer.commit(&gap).await, ErrorKind::SequenceGap, "commit 9 as the first")?;
    holds(&*backend.read(&task(0)).await?, MAP, &Model::new(), "commit 9 was refused").await
}
