//! The longest keys, and one byte more.

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{EngineConfig, PORTABLE_KEY_BYTES, prelude::*};

use crate::{
    Context,
    cases::{
        key_value::{
            tools::{Life, RAW, TEXTS, bytes, refused, same, texts},
            watched::Watched,
        },
        values::kinds::Kinds,
    },
};

/// Whether every operation refuses this key, and asks nobody.
async fn is_refused(watched: &Watched, store: &dyn KeyValueStore<Bytes, Bytes>) -> Result<()> {
    let above = bytes(vec![0xff; PORTABLE_KEY_BYTES + 1]);
    watched.take();
    let refusals = [
        store.put(&above, &bytes("v")).await.err(),
        store.get(&above).await.err(),
        store.get_many(&[bytes("k"), above.clone()]).await.err(),
        store.delete(&above).await.err(),
        store.put_if_absent(&above, &bytes("v")).await.err(),
        store.put_all(vec![(bytes("k"), Some(bytes("v"))), (above.clone(), None)]).await.err(),
        store.update(&above, |_| Some(bytes("v"))).await.err(),
    ];
    for (n, error) in refusals.into_iter().enumerate() {
        let Some(error) = error else { anyhow::bail!("operation {n} took a long key") };
        let message = error.to_string();
        ensure!(error.kind() == ErrorKind::TooLarge, "operation {n}: {message}");
        ensure!(message.contains("8193") && message.contains("8192"), "{message}");
    }
    let calls = watched.take();
    ensure!(calls.gets.is_empty() && calls.pages.is_empty() && calls.commits.is_empty());
    Ok(())
}

async fn at_the_limit_and_above(context: &Context) -> Result<()> {
    let watched = Watched::new(context).await?;
    let task = watched.database(EngineConfig::default())?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    is_refused(&watched, &*store).await?;
    ensure!(task.buffered_bytes() == 0, "a refused write left something");
    let longest = bytes(vec![0xff; PORTABLE_KEY_BYTES]);
    store.put(&longest, &bytes("v")).await?;
    task.commit(()).await?;
    is_refused(&watched, &*store).await?;
    task.commit(()).await?;
    drop((task, store));
    Life::begin(context, &RAW).await?.holds(&[(longest, bytes("v"))]).await
}

/// What a layout adds to a key is not taken from the user; a byte of zeros takes two where something stands behind it.
pub(crate) async fn keys_of_every_kind(context: Context) -> Result<()> {
    at_the_limit_and_above(&context).await?;
    let kinds = Kinds::open(&context).await?;
    let (longest, value) = (bytes(vec![0; PORTABLE_KEY_BYTES]), bytes("v"));
    kinds.take(&longest, &value).await?;
    let above = bytes(vec![0; PORTABLE_KEY_BYTES + 1]);
    kinds.refuse(&above, &value, "8193").await
}

pub(crate) async fn counted_in_bytes(context: Context) -> Result<()> {
    let longest = "\u{1d11e}".repeat(PORTABLE_KEY_BYTES / 4);
    let life = Life::with(&context, &TEXTS, texts([&longest])).await?;
    for above in [format!("{longest}a"), "\u{1d11e}".repeat(PORTABLE_KEY_BYTES / 4 + 1)] {
        let error = refused(life.store.put(&above, &String::new()).await, ErrorKind::TooLarge)?;
        ensure!(error.to_string().contains(&above.len().to_string()), "{error}");
    }
    same(&longest.chars().count(), &2048)?;
    life.holds(&texts([&longest])).await
}
