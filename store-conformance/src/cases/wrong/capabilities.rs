//! What a backend says it can do, and its limits (H).

use anyhow::{Result, ensure};
use store_core::{EngineConfig, PORTABLE_KEY_BYTES, PORTABLE_VALUE_BYTES, prelude::*};

use crate::{
    Context, Outcome,
    cases::tools::{RAW, bytes, committed, counts, delete, holds, open, open_on, put},
    waist::task,
};

pub(crate) async fn what_is_declared_holds(context: Context) -> Result<Outcome> {
    let (task, store) = open(&context).await?;
    let capabilities = task.capabilities().clone();
    ensure!(!capabilities.backend.is_empty());
    put(&store, &[("a", "1"), ("b", "1"), ("c", "1")]).await?;
    task.commit(()).await?;
    put(&store, &[("a", "2")]).await?;
    delete(&store, &["b"]).await?;
    task.commit(()).await?;
    for len in [store.approximate_len().await?, committed(&context).await?.approximate_len().await?]
    {
        counts(capabilities.exact_len, len, 2, 5)?;
    }
    let mut killed = false;
    if capabilities.persistent {
        drop((task, store));
        // Nothing but the place is left of it.
        killed = context.place().kill().await?;
        holds(&*open(&context).await?.1, &[("a", "2"), ("c", "1")]).await?;
    }
    Ok(Outcome::with_a_kill(killed))
}

/// Whoever asks is told the same, and search is there as declared.
pub(crate) async fn what_is_not_declared_is_not_there(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let owner = crate::waist::Owner::claim(&backend, &task(0)).await?;
    let reader = backend.read(&task(0)).await?;
    let declared = owner.reader().capabilities();
    ensure!(declared == reader.capabilities(), "a reader is told something else");
    for (who, searcher) in
        [("the owner", owner.reader().searcher()), ("a reader", reader.searcher())]
    {
        ensure!(searcher.is_some() == declared.search, "{who}: search is {}", declared.search);
    }
    Ok(())
}

/// The limits of every backend, and with native limits its own.
pub(crate) async fn at_the_limits_and_above(context: Context) -> Result<()> {
    let declared = context.capabilities().await?;
    ensure!(declared.max_key_bytes >= 20 << 10, "{} bytes for keys", declared.max_key_bytes);
    let least = PORTABLE_VALUE_BYTES + 64;
    ensure!(declared.max_value_bytes >= least, "{} bytes for values", declared.max_value_bytes);
    let mut native = EngineConfig::default();
    native.native_limits = true;
    (native.uncommitted_soft_bytes, native.uncommitted_hard_bytes) = (256 << 20, 256 << 20);
    // Where a backend has none, or one that no test reaches, there is nothing above.
    let own = |limit: usize| (limit <= 64 << 20).then_some(limit);
    for (config, key, value) in [
        (EngineConfig::default(), Some(PORTABLE_KEY_BYTES), Some(PORTABLE_VALUE_BYTES)),
        (native, own(declared.max_key_bytes), own(declared.max_value_bytes)),
    ] {
        let (task, store) = open_on(&context.database_with(config).await?).await?;
        if let Some(limit) = key {
            let (longest, above) = (bytes(vec![b'k'; limit]), bytes(vec![b'k'; limit + 1]));
            store.put(&longest, &bytes("v")).await?;
            for error in [
                store.put(&above, &bytes("v")).await.err(),
                store.get(&above).await.err(),
                store.delete(&above).await.err(),
            ] {
                let kind = error.map(|error| error.kind());
                ensure!(
                    kind == Some(ErrorKind::TooLarge),
                    "a key of {limit} bytes and 1: {kind:?}"
                );
            }
            task.commit(()).await?;
            ensure!(store.get(&longest).await? == Some(bytes("v")), "a key of {limit} bytes");
        }
        if let Some(limit) = value {
            let largest = bytes(vec![7; limit]);
            store.put(&bytes("value"), &largest).await?;
            let above = store.put(&bytes("value"), &bytes(vec![7; limit + 1])).await;
            let kind = above.err().map(|error| error.kind());
            ensure!(kind == Some(ErrorKind::TooLarge), "a value of {limit} bytes and 1: {kind:?}");
            task.commit(()).await?;
            let found = context.read().await?.store(&RAW).await?.get(&bytes("value")).await?;
            ensure!(found == Some(largest), "a value of {limit} bytes");
        }
        ensure!(task.buffered_bytes() == 0, "a refused write left something");
    }
    Ok(())
}
