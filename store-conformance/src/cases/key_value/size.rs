//! Large values, and many keys.

use anyhow::{Result, ensure};
use bytes::Bytes;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::{PORTABLE_VALUE_BYTES, prelude::*};

use super::tools::{Life, RAW, bytes, puts, refused};
use crate::Context;

pub(crate) async fn too_large_a_value_leaves_the_old_one(context: Context) -> Result<()> {
    let mut large = vec![0; 1 << 20];
    StdRng::seed_from_u64(context.seed).fill(&mut large[..]);
    let entry = (bytes("k"), Bytes::from(large));
    let above = Bytes::from(vec![7; PORTABLE_VALUE_BYTES + 1]);
    let mut life = Life::with(&context, &RAW, [entry.clone()]).await?;
    while let Some(view) = life.next().await? {
        if view.stage != "read" {
            refused(life.store.put(&entry.0, &above).await, ErrorKind::TooLarge)?;
        }
        ensure!(view.get(&entry.0).await?.as_ref() == Some(&entry.1), "{}", view.stage);
        view.gives(view.all(), std::slice::from_ref(&entry)).await?;
    }
    Ok(())
}

/// More than any page holds, and one.
const MANY: u32 = 10_001;

pub(crate) async fn every_key_comes_once(context: Context) -> Result<()> {
    let entries: Vec<_> = (0..MANY).map(|n| (bytes(n.to_be_bytes()), bytes([]))).collect();
    let mirrored: Vec<_> = entries.iter().rev().cloned().collect();
    let mut life = Life::begin(&context, &RAW).await?;
    life.store.put_all(puts(entries.clone())).await?;
    while let Some(view) = life.next().await? {
        view.gives(view.all(), &entries).await?;
        view.gives(view.range(None, None, Order::Backward), &mirrored).await?;
        let ends = (Some(entries[1].0.clone()), Some(entries[10_000].0.clone()));
        view.gives(view.range(ends.0, ends.1, Order::Forward), &entries[1..]).await?;
    }
    Ok(())
}
