//! Calls that are dropped before they end (L).

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::prelude::*;
use tokio::task::yield_now;

use crate::{
    Context,
    cases::tools::{bytes, committed, open, rows},
};

/// Polls a future some times, with a turn for others in between, and drops it; its result, if it was done by then.
async fn poll_and_drop<T>(future: impl Future<Output = T> + Send, polls: u32) -> Option<T> {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        if let Some(done) = future.as_mut().now_or_never() {
            return Some(done);
        }
        yield_now().await;
    }
    None
}

pub(crate) async fn dropped_reads_mix_up_nothing(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let mut random = StdRng::seed_from_u64(context.seed);
    let key = |n: u32| bytes(n.to_be_bytes());
    let value = |n: u32| -> Bytes { n.to_be_bytes().repeat(1 + n as usize).into() };
    for n in 0..64 {
        store.put(&key(n), &value(n)).await?;
    }
    task.commit(()).await?;
    let (_task, store) = open(&context).await?;
    for round in 0..1000 {
        let [dropped, other] = [(); 2].map(|()| random.random_range(0..64));
        let polls = random.random_range(0..4);
        let found = poll_and_drop(store.get(&key(dropped)), polls).await.transpose()?;
        ensure!(found.is_none_or(|found| found == Some(value(dropped))), "round {round}");
        if round % 8 == 0 {
            let found = store.get(&key(other)).await?;
            ensure!(found == Some(value(other)), "round {round}: another key's value for {other}");
        }
    }
    for n in 0..64 {
        ensure!(store.get(&key(n)).await? == Some(value(n)), "another key's value for {n}");
    }
    Ok(())
}

/// Two keys always hold one number; commits, bulks and scans are dropped at any point.
pub(crate) async fn dropped_calls_leave_nothing_half(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    let mut random = StdRng::seed_from_u64(context.seed);
    let [left, right] = ["left", "right"].map(bytes);
    let both = async |store: &dyn ReadOnlyKeyValueStore<Bytes, Bytes>| {
        let found = store.get_many(&[left.clone(), right.clone()]).await?;
        ensure!(found[0] == found[1], "half a write: {found:?}");
        let scanned = rows(store.all()).await?;
        let value = scanned.first().map(|(_, value)| value.clone());
        ensure!(scanned.iter().all(|(_, other)| Some(other) == value.as_ref()), "{scanned:?}");
        anyhow::Ok(found[0].clone())
    };
    // A store can be read by others once it is committed.
    task.commit(()).await?;
    let reader = committed(&context).await?;
    let mut last = None;
    for round in 0..100_u32 {
        let number = bytes(round.to_be_bytes());
        let pair = [&left, &right].map(|key| (key.clone(), Some(number.clone())));
        let polls = random.random_range(0..3);
        if let Some(done) = poll_and_drop(store.put_all(pair.into()), polls).await {
            done?;
            last = Some(number);
        }
        ensure!(both(&*store).await? == last, "round {round}: a bulk that was dropped shows");
        let polls = random.random_range(0..5);
        if let Some(done) = poll_and_drop(task.commit([("round", i64::from(round))]), polls).await {
            done?;
        }
        let polls = random.random_range(0..3);
        drop(poll_and_drop(store.all().next(), polls).await.flatten().transpose()?);
        ensure!(both(&*store).await? == last, "round {round}: a dropped commit loses writes");
        both(&*reader).await?;
    }
    task.commit([("round", 100)]).await?;
    ensure!(both(&*reader).await? == last, "the last commit settles what was dropped");
    let (task, store) = open(&context).await?;
    ensure!(task.checkpoint()?.offsets["round"] == 100);
    ensure!(both(&*store).await? == last);
    Ok(())
}
