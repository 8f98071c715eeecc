//! Stores that are not there.

use anyhow::{Result, ensure};
use integration_tests::Place;
use store::prelude::*;

static NUMBERS: KeyValue<String, u64> = KeyValue::new("s");

pub(crate) async fn a_store_not_named_is_not_found(place: Place) -> Result<()> {
    let database = place.database().await?;
    let task = database.task("app", 0).open().await?;
    ensure!(task.store(&NUMBERS).err().map(|error| error.kind()) == Some(ErrorKind::NotFound));
    let read = database.read("app", 0).await?;
    ensure!(
        read.store(&NUMBERS).await.err().map(|error| error.kind()) == Some(ErrorKind::NotFound)
    );
    Ok(())
}
