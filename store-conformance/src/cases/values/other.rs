//! Stores that were made with another codec, type or layout.

use anyhow::{Result, ensure};
use store_core::{Maps, StoreDefinition, backend::StoreSpec, codec::Raw, prelude::*};

use crate::{
    Context,
    cases::key_value::tools::{refused, same},
};

static NUMBERS: KeyValue<String, u64> = KeyValue::new("s");
static TEXTS: KeyValue<String, String> = KeyValue::new("s");
static BYTES: KeyValue<String, Vec<u8>, Raw> = KeyValue::new("s").values(Raw);
static OTHER_KEYS: KeyValue<u64, u64> = KeyValue::new("s");
static OTHER_KIND: TimestampedKeyValue<String, u64> = TimestampedKeyValue::new("s");

fn key() -> String {
    "k".to_owned()
}

/// Another codec is a mismatch; of one codec, another type shows by what cannot be decoded. The value stays either way.
pub(crate) async fn another_codec_or_type(context: Context) -> Result<()> {
    another_codec(&context).await?;
    another_type(&context).await
}

async fn another_codec(context: &Context) -> Result<()> {
    let database = context.database().await?;
    let task = database.task("codec", 0).store(&NUMBERS).open().await?;
    task.store(&NUMBERS)?.put(&key(), &7).await?;
    task.commit(()).await?;
    let read = database.read("codec", 0).await?;
    for error in [
        refused(database.task("codec", 0).store(&BYTES).open().await, ErrorKind::SchemaMismatch)?,
        refused(
            database.task("codec", 0).store(&OTHER_KEYS).open().await,
            ErrorKind::SchemaMismatch,
        )?,
        refused(
            database.task("codec", 0).store(&OTHER_KIND).open().await,
            ErrorKind::SchemaMismatch,
        )?,
        refused(task.store(&BYTES), ErrorKind::SchemaMismatch)?,
        refused(read.store(&BYTES).await, ErrorKind::SchemaMismatch)?,
    ] {
        let message = error.to_string();
        ensure!(message.contains("was made with") && message.contains("opened with"), "{message}");
    }
    // Nobody was fenced by it, and nothing is lost.
    same(&task.store(&NUMBERS)?.get(&key()).await?, &Some(7))?;
    task.store(&NUMBERS)?.put(&key(), &8).await?;
    task.commit(()).await?;
    same(&read.store(&NUMBERS).await?.get(&key()).await?, &Some(8))
}

async fn another_type(context: &Context) -> Result<()> {
    let database = context.database().await?;
    let task = database.task("type", 0).store(&TEXTS).open().await?;
    task.store(&TEXTS)?.put(&key(), &"secret".to_owned()).await?;
    task.commit(()).await?;
    let task = database.task("type", 0).store(&NUMBERS).open().await?;
    let numbers = task.store(&NUMBERS)?;
    let read = database.read("type", 0).await?.store(&NUMBERS).await?;
    for error in [
        refused(numbers.get(&key()).await, ErrorKind::Decode)?,
        refused(numbers.get_many(&[key()]).await, ErrorKind::Decode)?,
        refused(numbers.delete(&key()).await, ErrorKind::Decode)?,
        refused(numbers.update(&key(), |n| n).await, ErrorKind::Decode)?,
        refused(numbers.put_if_absent(&key(), &1).await, ErrorKind::Decode)?,
        refused(read.get(&key()).await, ErrorKind::Decode)?,
    ] {
        ensure!(!format!("{error:?}").contains("secret"), "a value shows: {error:?}");
    }
    task.commit(()).await?;
    let task = database.task("type", 0).store(&TEXTS).open().await?;
    same(&task.store(&TEXTS)?.get(&key()).await?, &Some("secret".to_owned()))
}

/// The same store as a release to come might lay it out.
struct Newer;

impl StoreDefinition for Newer {
    type Store = <KeyValue<String, u64> as StoreDefinition>::Store;

    fn spec(&self) -> store_core::Result<StoreSpec> {
        let mut spec = NUMBERS.spec()?;
        spec.layout += 1;
        Ok(spec)
    }

    fn open(&self, maps: Maps) -> Self::Store {
        NUMBERS.open(maps)
    }
}

pub(crate) async fn a_newer_layout(context: Context) -> Result<()> {
    let task = context.task().await?.store(&Newer).open().await?;
    task.store(&Newer)?.put(&key(), &7).await?;
    task.commit(()).await?;
    for error in [
        refused(context.task().await?.store(&NUMBERS).open().await, ErrorKind::SchemaMismatch)?,
        refused(context.read().await?.store(&NUMBERS).await, ErrorKind::SchemaMismatch)?,
    ] {
        let message = error.to_string();
        ensure!(message.contains("layout version 2"), "{message}");
    }
    task.commit(()).await?;
    same(&task.store(&Newer)?.get(&key()).await?, &Some(7))
}
