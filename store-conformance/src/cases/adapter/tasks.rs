//! The life of tasks.

use crate::Context;
use anyhow::{Result, bail, ensure};
use futures::future::join;
use store_core::{
    ErrorKind,
    backend::{KeyRange, Order, PageLimit, TaskId},
};

use super::{holds, model, refused};
use crate::waist::{MAP, Model, Owner, key, kind, task};

pub(crate) async fn state_survives_new_handles(context: Context) -> Result<()> {
    for round in 0..4_u64 {
        let backend = context.backend().await?;
        let mut owner = Owner::claim(&backend, &task(0)).await?;
        let told = owner.checkpoint.sequence;
        ensure!(told == round, "handle {round} is given commit {told} as the last one");
        let expected = round.checked_sub(1).map(|last| model(&last.to_string()));
        let when = format!("{round} commits by handles before");
        holds(owner.reader(), MAP, &expected.unwrap_or_default(), &when).await?;
        owner.put(MAP, &model(&round.to_string())).await?;
        owner.claim.writer.close().await?;
    }
    Ok(())
}

pub(crate) async fn tasks_are_listed(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let listed = backend.tasks(&task(0).application).await?;
    ensure!(listed.is_empty(), "listed before any claim: {listed:?}");
    refused(backend.read(&task(0)).await, ErrorKind::NotFound, "reading a task never claimed")?;
    for partition in [7, 300, 2] {
        Owner::claim(&backend, &task(partition)).await?.put(MAP, &model("x")).await?;
    }
    Owner::claim(&backend, &task(7)).await?;
    Owner::claim(&backend, &TaskId::new("other", 1)?).await?;
    let tasks = backend.tasks(&task(0).application).await?;
    let listed: Vec<_> = tasks
        .iter()
        .map(|summary| (summary.task.partition, summary.epoch, summary.checkpoint.sequence))
        .collect();
    ensure!(listed == [(2, 1, 1), (7, 2, 1), (300, 1, 1)], "{listed:?}");
    Ok(())
}

pub(crate) async fn tasks_do_not_meet(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let ids = [task(1), task(11), TaskId::new("app1", 1)?, TaskId::new("a", 1)?];
    for id in &ids {
        Owner::claim(&backend, id).await?.put(MAP, &model(&id.to_string())).await?;
    }
    for id in &ids {
        let reader = backend.read(id).await?;
        holds(&*reader, MAP, &model(&id.to_string()), &format!("task {id}, beside others")).await?;
    }
    Ok(())
}

pub(crate) async fn destroy_leaves_the_epoch(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut zombie = Owner::claim(&backend, &task(0)).await?;
    zombie.put(MAP, &model("old")).await?;
    Owner::claim(&backend, &task(1)).await?.put(MAP, &model("kept")).await?;
    let onlooker = backend.read(&task(0)).await?;
    backend.destroy(&task(0)).await?;
    // May be repeated, and there is nothing left to say.
    let again = kind(backend.destroy(&task(0)).await);
    ensure!(again.is_none() || again == Some(ErrorKind::NotFound), "{again:?}");
    let missing = ErrorKind::NotFound;
    refused(backend.read(&task(0)).await, missing, "reading a destroyed task")?;
    refused(backend.destroy(&task(5)).await, missing, "destroying a task never claimed")?;
    let late = zombie.put(MAP, &model("zombie")).await;
    refused(late, ErrorKind::Fenced, "a commit of the owner from before the destroy")?;

    let mut new = Owner::claim(&backend, &task(0)).await?;
    ensure!(new.checkpoint == Default::default(), "a destroyed task comes back with a checkpoint");
    holds(new.reader(), MAP, &Model::new(), "the task was destroyed and claimed again").await?;
    new.put(MAP, &model("new")).await?;
    let late = zombie.put(MAP, &model("zombie")).await;
    refused(late, ErrorKind::Fenced, "a commit of the owner from before, in the new life")?;
    holds(new.reader(), MAP, &model("new"), "the first commit of the new life").await?;
    let tasks = backend.tasks(&task(0).application).await?;
    ensure!(tasks[0].epoch == 3, "claim, destroy, claim are three epochs, not {}", tasks[0].epoch);
    let other = backend.read(&task(1)).await?;
    holds(&*other, MAP, &model("kept"), "another task was destroyed").await?;
    // Who looked at the earlier life does not see the new one.
    let from_before = |call| format!("{call} of a reader from before the destroy");
    refused(onlooker.checkpoint().await, missing, &from_before("checkpoint"))?;
    let found = onlooker.get_many(&[(MAP, key("key"))]).await;
    refused(found, missing, &from_before("get_many"))?;
    refused(onlooker.approximate_len(MAP).await, missing, &from_before("approximate_len"))?;
    let page = onlooker.scan(MAP, &KeyRange::ALL, Order::Forward, PageLimit::default()).await;
    refused(page, missing, &from_before("scan"))
}

/// Whoever came last, all answers agree on whether the task is there.
pub(crate) async fn a_claim_beside_a_destroy(context: Context) -> Result<()> {
    let (backend, other) = (context.backend().await?, context.backend().await);
    // Where only one process can hold the state, its one handle is used twice.
    let other = other.unwrap_or_else(|_| backend.clone());
    for round in 0..24 {
        let id = task(round);
        Owner::claim(&backend, &id).await?.put(MAP, &model("before")).await?;
        // Meets the destroy at each of its steps.
        let claim = async {
            for _ in 0..round % 6 {
                let _ = backend.read(&id).await;
            }
            Owner::claim(&backend, &id).await
        };
        let (_, claimed) = join(other.destroy(&id), claim).await;
        let Ok(mut owner) = claimed else { continue };
        match owner.put(MAP, &model("after")).await.map_err(|error| error.kind()) {
            Ok(()) => {}
            Err(ErrorKind::Fenced) => continue,
            Err(other) => bail!("round {round}: {other}, neither there nor fenced"),
        }
        let listed = backend.tasks(&id.application).await?;
        ensure!(listed.iter().any(|summary| summary.task == id), "round {round}: not listed");
        let reader = backend.read(&id).await?;
        holds(&*reader, MAP, &model("after"), &format!("round {round}")).await?;
    }
    Ok(())
}

pub(crate) async fn names_differ_by_case(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let names = ["a-b", "a_b", "A-b", "a.b", &"n".repeat(100)];
    for name in names {
        Owner::claim(&backend, &TaskId::new(name, 0)?).await?.put(MAP, &model(name)).await?;
    }
    for name in names {
        let reader = backend.read(&TaskId::new(name, 0)?).await?;
        holds(&*reader, MAP, &model(name), &format!("task {name}/0, beside others")).await?;
    }
    Ok(())
}
