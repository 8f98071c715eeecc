//! Calls that are dropped before they end (L).

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::{
    layers::{Faults, Odds},
    prelude::*,
};
use tokio::task::yield_now;

use crate::{
    Context,
    cases::tools::{bytes, committed, open, open_on, rows, without_cache},
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
    // Each read goes to the backend, and none ends at once.
    let line = Faults::seeded(context.seed, Odds::delays(3));
    let database = context.database_with(without_cache()).await?.layer(line);
    let (_task, store) = open_on(&database).await?;
    let mut dropped = 0;
    for round in 0..1000 {
        let [one, another, other] = [(); 3].map(|()| random.random_range(0..64));
        let polls = random.random_range(1..4);
        let asked: Vec<_> = [one, another].into_iter().take(1 + round % 2).collect();
        let keys: Vec<_> = asked.iter().map(|n| key(*n)).collect();
        match poll_and_drop(store.get_many(&keys), polls).await.transpose()? {
            Some(found) => {
                let expected = asked.iter().map(|n| Some(value(*n)));
                ensure!(
                    found.into_iter().eq(expected),
                    "round {round}: other values for {asked:?}"
                );
            }
            None => dropped += 1,
        }
        if round % 4 == 0 {
            let found = store.get(&key(other)).await?;
            ensure!(found == Some(value(other)), "round {round}: another key's value for {other}");
        }
    }
    ensure!(dropped >= 250, "{dropped} of 1000 reads were dropped before they ended");
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
