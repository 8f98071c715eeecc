//! Two owners, lost answers, and batches that arrive when nobody waits for them.

use anyhow::{Result, ensure};
use store_core::{Effect, layers::Fault, prelude::*};

use crate::{
    Context,
    cases::tools::{bytes, committed, faulty, holds, open, open_on, put},
};

pub(crate) async fn the_older_owner_is_refused(context: Context) -> Result<()> {
    let (old, old_store) = open(&context).await?;
    put(&old_store, &[("a", "1")]).await?;
    old.commit([("s", 1)]).await?;
    put(&old_store, &[("a", "old"), ("b", "old")]).await?;
    let (new, new_store) = open(&context).await?;
    holds(&*new_store, &[("a", "1")]).await?;
    let error = old.commit([("s", 9)]).await.err();
    let refused = error.map(|error| (error.kind(), error.effect()));
    ensure!(refused == Some((ErrorKind::Fenced, Effect::NotApplied)), "{refused:?}");
    for call in [
        old_store.get(&bytes("a")).await.err(),
        old_store.put(&bytes("a"), &bytes("old")).await.err(),
        old.commit(()).await.err(),
        old.rollback().await.err(),
    ] {
        let kind = call.map(|error| error.kind());
        ensure!(kind == Some(ErrorKind::Fenced), "{kind:?}");
    }
    put(&new_store, &[("c", "new")]).await?;
    new.commit([("s", 2)]).await?;
    let expected = [("a", "1"), ("c", "new")];
    holds(&*new_store, &expected).await?;
    let (next, store) = open(&context).await?;
    ensure!(next.checkpoint()?.offsets["s"] == 2);
    holds(&*store, &expected).await
}

/// The commit of an owner that waits no longer arrives after the claim of the next one, before and after its first commit.
pub(crate) async fn a_late_batch_changes_nothing(context: Context) -> Result<()> {
    for committed_first in [false, true] {
        let context = context.fresh().await?;
        let (line, database) = faulty(&context).await?;
        let (old, old_store) = open_on(&database).await?;
        put(&old_store, &[("a", "1")]).await?;
        old.commit([("s", 1)]).await?;
        put(&old_store, &[("a", "late"), ("b", "late")]).await?;
        line.commits([Fault::Late]);
        let lost = old.commit([("s", 9)]).await.err().map(|error| error.effect());
        ensure!(lost == Some(Effect::Unknown), "{lost:?}");

        let (new, store) = open(&context).await?;
        let mut expected = vec![("a", "1")];
        if committed_first {
            put(&store, &[("c", "new")]).await?;
            new.commit([("s", 2)]).await?;
            expected.push(("c", "new"));
        }
        for answer in line.deliver().await {
            let kind = answer.err().map(|error| error.kind());
            ensure!(kind == Some(ErrorKind::Fenced), "the late batch got {kind:?}");
        }
        holds(&*store, &expected).await?;
        holds(&*committed(&context).await?, &expected).await?;
        put(&store, &[("d", "new")]).await?;
        new.commit([("s", 3)]).await?;
        expected.push(("d", "new"));
        let (next, store) = open(&context).await?;
        ensure!(next.checkpoint()?.offsets["s"] == 3);
        holds(&*store, &expected).await?;
    }
    Ok(())
}

/// The answer to a commit is lost, whether it was applied or not; sent again it counts once.
pub(crate) async fn a_lost_answer_counts_once(context: Context) -> Result<()> {
    for fault in [Fault::LostReply, Fault::LostRequest] {
        let context = context.fresh().await?;
        let (line, database) = faulty(&context).await?;
        let (task, store) = open_on(&database).await?;
        put(&store, &[("a", "1")]).await?;
        line.commits([fault]);
        let lost = task.commit([("s", 1)]).await.err().map(|error| error.effect());
        ensure!(lost == Some(Effect::Unknown), "{fault:?}: {lost:?}");
        // What is written meanwhile belongs to the next one.
        put(&store, &[("b", "2")]).await?;
        task.commit([("s", 2)]).await?;
        let checkpoint = task.checkpoint()?;
        ensure!(checkpoint.sequence == 2, "{fault:?}: {} commits", checkpoint.sequence);
        holds(&*store, &[("a", "1"), ("b", "2")]).await?;
        let (task, store) = open(&context).await?;
        let checkpoint = task.checkpoint()?;
        ensure!(checkpoint.sequence == 2 && checkpoint.offsets["s"] == 2, "{checkpoint:?}");
        holds(&*store, &[("a", "1"), ("b", "2")]).await?;
    }
    a_rollback_settles(context).await
}

/// Who rolls back after a lost answer has what was sent, and not what was written since.
async fn a_rollback_settles(context: Context) -> Result<()> {
    for fault in [Fault::LostReply, Fault::LostRequest] {
        let context = context.fresh().await?;
        let (line, database) = faulty(&context).await?;
        let (task, store) = open_on(&database).await?;
        put(&store, &[("a", "1")]).await?;
        line.commits([fault]);
        ensure!(task.commit([("s", 1)]).await.is_err(), "{fault:?}");
        put(&store, &[("a", "2"), ("b", "2")]).await?;
        task.rollback().await?;
        holds(&*store, &[("a", "1")]).await?;
        task.commit(()).await?;
        let (task, store) = open(&context).await?;
        let checkpoint = task.checkpoint()?;
        ensure!(checkpoint.sequence == 2 && checkpoint.offsets["s"] == 1, "{checkpoint:?}");
        holds(&*store, &[("a", "1")]).await?;
    }
    Ok(())
}
