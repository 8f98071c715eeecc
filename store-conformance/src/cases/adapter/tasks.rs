//! The life of tasks.

use crate::Context;
use anyhow::{Result, bail, ensure};
use futures::future::join;
use store_core::{
    ErrorKind,
    backend::{KeyRange, Order, PageLimit, TaskId},
};

use crate::waist::{MAP, Model, Owner, all, key, kind, task};

fn model(value: &str) -> Model {
    [(key("key"), key(value))].into()
}

pub(crate) async fn state_survives_new_handles(context: Context) -> Result<()> {
    for round in 0..4_u64 {
        let backend = context.backend().await?;
        let mut owner = Owner::claim(&backend, &task(0)).await?;
        ensure!(owner.checkpoint.sequence == round);
        let expected = round.checked_sub(1).map(|last| model(&last.to_string()));
        ensure!(all(owner.reader(), MAP).await? == expected.unwrap_or_default());
        owner.put(MAP, &model(&round.to_string())).await?;
        owner.claim.writer.close().await?;
    }
    Ok(())
}

pub(crate) async fn tasks_are_listed(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    ensure!(backend.tasks(&task(0).application).await?.is_empty());
    ensure!(kind(backend.read(&task(0)).await) == Some(ErrorKind::NotFound));
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
        ensure!(all(&*reader, MAP).await? == model(&id.to_string()));
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
    ensure!(kind(backend.read(&task(0)).await) == Some(ErrorKind::NotFound));
    ensure!(kind(backend.destroy(&task(5)).await) == Some(ErrorKind::NotFound));
    ensure!(kind(zombie.put(MAP, &model("zombie")).await) == Some(ErrorKind::Fenced));

    let mut new = Owner::claim(&backend, &task(0)).await?;
    ensure!(new.checkpoint == Default::default());
    ensure!(all(new.reader(), MAP).await?.is_empty());
    new.put(MAP, &model("new")).await?;
    ensure!(kind(zombie.put(MAP, &model("zombie")).await) == Some(ErrorKind::Fenced));
    ensure!(all(new.reader(), MAP).await? == model("new"));
    let tasks = backend.tasks(&task(0).application).await?;
    ensure!(tasks[0].epoch == 3, "the epoch goes on: {}", tasks[0].epoch);
    ensure!(all(&*backend.read(&task(1)).await?, MAP).await? == model("kept"));
    // Who looked at the earlier life does not see the new one.
    ensure!(kind(onlooker.checkpoint().await) == Some(ErrorKind::NotFound));
    ensure!(kind(onlooker.get_many(&[(MAP, key("key"))]).await) == Some(ErrorKind::NotFound));
    ensure!(kind(onlooker.approximate_len(MAP).await) == Some(ErrorKind::NotFound));
    let page = onlooker.scan(MAP, &KeyRange::ALL, Order::Forward, PageLimit::default()).await;
    ensure!(kind(page) == Some(ErrorKind::NotFound));
    Ok(())
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
        ensure!(all(&*reader, MAP).await? == model("after"), "round {round}");
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
        ensure!(all(&*reader, MAP).await? == model(name));
    }
    Ok(())
}
