//! The limit of what is buffered.

use anyhow::{Result, ensure};
use integration_tests::Place;
use store::{EngineConfig, prelude::*};

use super::key_value::{RAW, bytes};

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
