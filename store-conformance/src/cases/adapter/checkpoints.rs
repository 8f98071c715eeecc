//! What a checkpoint holds comes back, from everybody who tells it.

use std::sync::Arc;

use crate::Context;
use anyhow::{Result, ensure};
use store_core::{
    MAX_SOURCE_BYTES,
    backend::{Backend, Changes, Checkpoint, Commit, StoreSpec, StoreState, TaskId},
};

use crate::waist::{Owner, task};

fn spec(name: &str) -> Result<StoreSpec> {
    Ok(StoreSpec::new(name.parse()?, "window", "(string,u64)", "json"))
}

/// Each field at its limits; names differ by case.
fn full() -> Result<Checkpoint> {
    let mut checkpoint = Checkpoint::default();
    let long = "s".repeat(MAX_SOURCE_BYTES);
    for (source, next) in [
        ("topic-0", 1 << 40),
        ("Topic-0", i64::MAX),
        (" ", i64::MIN),
        ("a \"quoted\" path/ä\u{1}\u{1f680}", 0),
        (&long, 7),
    ] {
        checkpoint.offsets.insert(source.to_owned(), next);
    }
    checkpoint.ahead.insert("topic-0".to_owned(), vec![(2 << 40, 3 << 40), (4 << 40, i64::MAX)]);
    let mut windows = StoreState::new(spec("Windows")?);
    windows.spec.retention_ms = Some(i64::MAX);
    windows.spec.segment_ms = Some(60_000);
    windows.spec.properties.insert("size_ms".to_owned(), "10".to_owned());
    windows.spec.layout = 3;
    windows.stream_time = Some(i64::MIN);
    windows.segments = [i64::MIN, -1, 0, i64::MAX].into();
    windows.floor = Some(-9);
    windows.insertions = u64::MAX;
    let mut other = StoreState::new(spec("windows")?);
    other.stream_time = Some(1_700_000_000_000);
    checkpoint.stores = [(1, windows), (2, other), (u32::MAX, StoreState::new(spec("z")?))].into();
    Ok(checkpoint)
}

/// The owner, a reader, the list of tasks and the next claim say the same.
async fn told(
    backend: &Arc<dyn Backend>,
    id: &TaskId,
    owner: &Owner,
    sent: &Checkpoint,
) -> Result<()> {
    let n = sent.sequence;
    ensure!(
        owner.reader().checkpoint().await? == *sent,
        "checkpoint {n} was committed: the owner tells another one"
    );
    ensure!(
        backend.read(id).await?.checkpoint().await? == *sent,
        "checkpoint {n} was committed: a reader tells another one"
    );
    let listed = backend.tasks(&id.application).await?;
    ensure!(
        listed.len() == 1 && listed[0].checkpoint == *sent,
        "checkpoint {n} was committed: the list of tasks tells another one"
    );
    Ok(())
}

pub(crate) async fn checkpoints_come_back_whole(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let mut checkpoint = full()?;
    for sequence in 1..4 {
        checkpoint.sequence = sequence;
        owner.send(&Arc::new(Commit::new(checkpoint.clone(), Changes::new()))).await?;
        told(&backend, &task(0), &owner, &checkpoint).await?;
        owner = Owner::claim(&context.backend().await?, &task(0)).await?;
        ensure!(
            owner.checkpoint == checkpoint,
            "checkpoint {sequence} was committed: the next claim is given another one"
        );
    }
    Ok(())
}

/// Nothing of the checkpoint before is left: sources are forgotten, offsets go back, floors rise.
pub(crate) async fn checkpoints_replace_each_other(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let mut first = full()?;
    first.sequence = 1;
    owner.send(&Arc::new(Commit::new(first.clone(), Changes::new()))).await?;
    let mut second = first;
    second.sequence = 2;
    second.offsets.remove("Topic-0");
    second.offsets.insert("topic-0".to_owned(), 3);
    second.ahead.clear();
    if let Some(store) = second.stores.get_mut(&1) {
        store.stream_time = Some(5);
        store.segments = [0].into();
        store.floor = Some(0);
    }
    owner.send(&Arc::new(Commit::new(second.clone(), Changes::new()))).await?;
    told(&backend, &task(0), &owner, &second).await?;
    let mut third = second;
    third.sequence = 3;
    third.offsets.clear();
    third.stores.remove(&1);
    if let Some(store) = third.stores.get_mut(&2) {
        store.spec.properties.insert("new".to_owned(), String::new());
    }
    owner.send(&Arc::new(Commit::new(third.clone(), Changes::new()))).await?;
    told(&backend, &task(0), &owner, &third).await?;
    ensure!(
        Owner::claim(&backend, &task(0)).await?.checkpoint == third,
        "checkpoint 3 was committed: the next claim is given another one"
    );
    Ok(())
}
