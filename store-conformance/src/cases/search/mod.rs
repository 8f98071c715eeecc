//! Searches by indexed fields (Q).

pub(crate) mod commits;
pub(crate) mod order;
pub(crate) mod queries;
pub(crate) mod random;

use std::sync::Arc;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use store_core::{
    EngineConfig, Task,
    prelude::*,
    search::{Condition, Query},
    stores::SearchableStore,
};

use crate::{
    Context, Outcome,
    search::{Numbers, SAMPLES, Sample, TEXT},
    waist::key,
};

type Store = Arc<dyn KeyValueStore<Bytes, Sample>>;

/// Where the backend has no search: it says so, and refuses.
async fn refused(context: &Context) -> Result<Option<Outcome>> {
    if context.capabilities().await?.search {
        return Ok(None);
    }
    let (_task, store) = open(context).await?;
    let told = store.search(&Query::all()).await.err().map(|error| error.kind());
    ensure!(told == Some(ErrorKind::Unsupported), "a search gave {told:?}");
    Ok(Some(Outcome::Refused("it has no search".to_owned())))
}

async fn open(context: &Context) -> Result<(Task, Store)> {
    open_with(context, context.config()).await
}

async fn open_with(context: &Context, config: EngineConfig) -> Result<(Task, Store)> {
    let database = context.database_with(config).await?;
    let task = database.task("app", 0).store(&SAMPLES).open().await?;
    let store = task.store(&SAMPLES)?;
    Ok((task, store))
}

/// What somebody else finds.
async fn reader(context: &Context) -> Result<Arc<dyn ReadOnlyKeyValueStore<Bytes, Sample>>> {
    Ok(context.read().await?.store(&SAMPLES).await?)
}

fn text(text: &str) -> Sample {
    Sample { text: Some(text.to_owned()), ..Sample::default() }
}

fn whole(whole: i64) -> Sample {
    Sample { inner: Numbers { whole: Some(whole), float: None }, ..Sample::default() }
}

fn float(float: f64) -> Sample {
    Sample { inner: Numbers { whole: None, float: Some(float) }, ..Sample::default() }
}

/// Puts samples under these keys, and commits.
async fn fill<'a>(
    task: &Task,
    store: &Store,
    samples: impl IntoIterator<Item = (&'a str, Sample)>,
) -> Result<()> {
    let samples = samples.into_iter().map(|(name, sample)| (key(name), Some(sample)));
    store.put_all(samples.collect()).await?;
    task.commit(()).await?;
    Ok(())
}

/// The keys that a query finds, in its order, between spaces.
async fn found(
    store: &(impl SearchableStore<Bytes, Sample> + ?Sized),
    query: impl Into<Query>,
) -> Result<String> {
    let found: Vec<_> = store.search(&query.into()).await?.try_collect().await?;
    let keys = found.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned());
    Ok(keys.collect::<Vec<_>>().join(" "))
}

/// Fails where owner or reader find something else.
async fn finds(
    context: &Context,
    owner: &Store,
    queries: impl IntoIterator<Item = (Query, &str)>,
) -> Result<()> {
    let reader = reader(context).await?;
    for (at, (query, expected)) in queries.into_iter().enumerate() {
        let by_owner = found(&**owner, query.clone()).await?;
        ensure!(by_owner == expected, "query {at}: found {by_owner:?}, expected {expected:?}");
        let by_reader = found(&*reader, query).await?;
        ensure!(by_reader == expected, "query {at}: a reader found {by_reader:?}");
    }
    Ok(())
}

/// Whatever has a text.
fn with_text() -> Condition {
    Condition::exists(TEXT)
}
