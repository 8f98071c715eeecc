//! Keys that are none, and stores that are of another kind.

use anyhow::{Result, bail, ensure};
use futures::TryStreamExt;
use store_core::{KeyValue, StoreDefinition, prelude::*};

use super::tools::{RATES, Versions};
use crate::{
    Context,
    cases::{
        stages::{Opened, STAGES},
        timed::ms,
        unencodable::Perhaps,
    },
    waist::kind,
};

pub(crate) async fn a_key_without_bytes(context: Context) -> Result<()> {
    static KEYED: VersionedKeyValue<Perhaps, u32> = VersionedKeyValue::new("keyed", ms(100));
    let mut opened = Opened::new(&context, &KEYED).await?;
    let (some, none) = (Perhaps(Some(1)), Perhaps(None));
    opened.store.put(&some, Some(&1), 5).await?;
    let store = &opened.store;
    let refused = [
        kind(store.put(&none, Some(&2), 500).await),
        kind(store.put(&none, None, 500).await),
        kind(store.delete(&none, 500).await),
        kind(store.get(&none).await),
        kind(store.get_as_of(&none, 5).await),
        kind(store.history(&none, 0, 9, Order::Forward).try_next().await),
    ];
    ensure!(refused == [Some(ErrorKind::Encode); 6], "{refused:?}");
    // Neither did it move time.
    ensure!(store.put(&some, Some(&2), 6).await? == VersionedPut::Latest);
    for stage in STAGES {
        let found = opened.at(stage).await?.get(&some).await?;
        ensure!(found.map(|record| (record.value, record.time)) == Some((2, 6)), "{stage:?}");
    }
    Ok(())
}

/// A store of one kind is recorded, then asked for as one of another.
async fn as_another(
    context: &Context,
    recorded: &(impl StoreDefinition + Sync),
    other: &(impl StoreDefinition + Sync),
) -> Result<()> {
    let database = context.database().await?;
    let task = database.task("app", 0).store(recorded).open().await?;
    task.commit(()).await?;
    let Err(error) = task.store(other).map(drop) else { bail!("it was given") };
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    let Err(error) = database.task("app", 0).store(other).open().await else {
        bail!("it was opened")
    };
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    let message = error.to_string();
    ensure!(message.contains("versioned") && message.contains("key_value"), "{message}");
    // Found before the owner was fenced.
    task.commit(()).await?;
    Ok(())
}

const PLAIN: KeyValue<String, String> = KeyValue::new("rates");

pub(crate) async fn no_plain_view(context: Context) -> Result<()> {
    as_another(&context, &RATES, &PLAIN).await?;
    let read = context.read().await?;
    let read = read.store(&PLAIN).await.map(drop);
    ensure!(kind(read) == Some(ErrorKind::SchemaMismatch));
    Ok(())
}

pub(crate) async fn not_over_a_plain_store(context: Context) -> Result<()> {
    as_another(&context, &PLAIN, &RATES).await?;
    let read = context.read().await?.store::<Versions>(&RATES).await.map(drop);
    ensure!(kind(read) == Some(ErrorKind::SchemaMismatch));
    Ok(())
}
