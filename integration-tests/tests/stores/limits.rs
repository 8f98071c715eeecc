//! Portable limits: at the limit and one above.

use anyhow::{Result, ensure};
use integration_tests::Place;
use store::{EngineConfig, PORTABLE_KEY_BYTES, PORTABLE_VALUE_BYTES, prelude::*};

use super::key_value::{RAW, bytes};

pub(crate) async fn keys_at_the_limit_and_one_above(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let (longest, above) =
        (bytes(vec![0xff; PORTABLE_KEY_BYTES]), bytes(vec![0xff; PORTABLE_KEY_BYTES + 1]));
    store.put(&longest, &bytes("v")).await?;
    task.commit(()).await?;
    ensure!(store.get(&longest).await? == Some(bytes("v")));
    let refusals = [
        store.put(&above, &bytes("v")).await.err(),
        store.get(&above).await.err(),
        store.delete(&above).await.err(),
        store.put_if_absent(&above, &bytes("v")).await.err(),
        store.update(&above, |_| Some(bytes("v"))).await.err(),
    ];
    for error in refusals {
        let error = error.map(|error| (error.kind(), error.to_string()));
        let Some((kind, message)) = error else { anyhow::bail!("a long key was taken") };
        ensure!(kind == ErrorKind::TooLarge && message.contains("8193"), "{message}");
    }
    task.commit(()).await?;
    ensure!(store.get(&longest).await? == Some(bytes("v")));
    Ok(())
}

pub(crate) async fn values_at_the_limit_and_one_above(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let largest = bytes(vec![7; PORTABLE_VALUE_BYTES]);
    let above = bytes(vec![7; PORTABLE_VALUE_BYTES + 1]);
    store.put(&bytes("k"), &largest).await?;
    task.commit(()).await?;
    let error = store.put(&bytes("k"), &above).await.err().map(|error| error.kind());
    ensure!(error == Some(ErrorKind::TooLarge), "{error:?}");
    ensure!(store.get(&bytes("k")).await? == Some(largest.clone()), "the old value stays");
    task.commit(()).await?;
    drop((task, store));
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    ensure!(task.store(&RAW)?.get(&bytes("k")).await? == Some(largest));
    Ok(())
}

pub(crate) async fn the_buffer_stops_at_its_limit(place: Place) -> Result<()> {
    let mut config = EngineConfig::default();
    (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (500_000, 1_000_000);
    let database = Database::with(place.backend().await?, config)?;
    let task = database.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let mut puts = 0_u32;
    let error = loop {
        match store.put(&bytes(puts.to_be_bytes()), &bytes([1; 1000])).await {
            Ok(()) => puts += 1,
            Err(error) => break error.kind(),
        }
    };
    ensure!(error == ErrorKind::BufferFull && task.wants_commit(), "{error}");
    ensure!((800..1000).contains(&puts), "{puts} puts fitted");
    task.commit(()).await?;
    ensure!(task.buffered_bytes() == 0);
    store.put(&bytes("one more"), &bytes("")).await?;
    Ok(())
}
