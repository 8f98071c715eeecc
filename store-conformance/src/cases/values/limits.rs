//! Empty values, the largest ones, and one byte more.

use anyhow::{Result, ensure};
use bytes::Bytes;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::{EngineConfig, PORTABLE_VALUE_BYTES, prelude::*};

use super::kinds::Kinds;
use crate::{
    Context,
    cases::key_value::tools::{Life, RAW, bytes, refused, same},
};

pub(crate) async fn empty_values(context: Context) -> Result<()> {
    let (there, absent) = (bytes("k"), bytes("absent"));
    let entry = (there.clone(), bytes(""));
    let mut life = Life::with(&context, &RAW, [entry.clone()]).await?;
    while let Some(view) = life.next().await? {
        let found = view.get_many(&[absent.clone(), there.clone()]).await?;
        same(&found, &vec![None, Some(bytes(""))])?;
        ensure!(view.contains(&there).await? && !view.contains(&absent).await?);
        view.holds(std::slice::from_ref(&entry)).await?;
    }
    Kinds::open(&context).await?.take(&there, &bytes("")).await
}

fn random(context: &Context, length: usize) -> Bytes {
    let mut value = vec![0; length];
    StdRng::seed_from_u64(context.seed).fill(&mut value[..]);
    value.into()
}

pub(crate) async fn at_the_limit_and_above(context: Context) -> Result<()> {
    let kinds = Kinds::open(&context).await?;
    kinds.take(&bytes("smaller"), &random(&context, 1 << 20)).await?;
    let largest = random(&context, PORTABLE_VALUE_BYTES);
    kinds.take(&bytes("k"), &largest).await?;
    kinds.refuse(&bytes("k"), &random(&context, PORTABLE_VALUE_BYTES + 1), "8388609").await?;
    drop(kinds);
    Kinds::open(&context).await?.has(&bytes("k"), &largest).await
}

pub(crate) async fn around_the_backends_own_limit(context: Context) -> Result<()> {
    let mut config = EngineConfig::default();
    config.native_limits = true;
    let task = context.database_with(config).await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let key = bytes("k");
    // Where the limit is far away, a little more than all backends take.
    let own = task.capabilities().max_value_bytes;
    let length = if own <= 16 << 20 { own } else { PORTABLE_VALUE_BYTES + (1 << 20) };
    let largest = random(&context, length);
    store.put(&key, &largest).await?;
    task.commit(()).await?;
    if own <= 128 << 20 {
        refused(store.put(&key, &Bytes::from(vec![0; own + 1])).await, ErrorKind::TooLarge)?;
        task.commit(()).await?;
    }
    drop((task, store));
    let task = context.task().await?.store(&RAW).open().await?;
    ensure!(task.store(&RAW)?.get(&key).await?.as_ref() == Some(&largest));
    Ok(())
}
