//! Entries found by the indexed fields of their values, through stores and readers.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use store_core::{
    EngineConfig, Task,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, MapChange, MapId, Name,
        OwnerId, Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary, TaskWriter,
    },
    layers::{Answer, Call, Layer},
    memory::MemoryBackend,
    prelude::*,
    search::{Condition, FieldType, Query},
    stores::{MAX_INDEXED, SearchableStore},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Carrier {
    name: Option<String>,
    delay: Delay,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Delay {
    mean: f64,
    flights: i64,
}

static CARRIERS: KeyValue<String, Carrier> = KeyValue::new("carriers")
    .indexed("name", FieldType::Text)
    .indexed("delay.mean", FieldType::Float);
static WITHOUT: KeyValue<String, Carrier> = KeyValue::new("carriers");

fn carrier(name: &str, mean: f64) -> Carrier {
    Carrier { name: Some(name.to_owned()), delay: Delay { mean, flights: 1 } }
}

async fn open(database: &Database) -> (Task, Arc<dyn KeyValueStore<String, Carrier>>) {
    let task = database.task("flights", 0).store(&CARRIERS).open().await.unwrap();
    let store = task.store(&CARRIERS).unwrap();
    (task, store)
}

/// The keys that a query finds, and up to which commit.
async fn keys(
    store: &(impl SearchableStore<String, Carrier> + ?Sized),
    query: impl Into<Query>,
) -> (Vec<String>, u64) {
    let found = store.search(&query.into()).await.unwrap();
    let sequence = found.sequence();
    (found.map_ok(|(key, _)| key).try_collect().await.unwrap(), sequence)
}

fn slow() -> Query {
    Query::new(Condition::range("delay.mean", 10..)).descending("delay.mean")
}

#[tokio::test]
async fn committed_entries_are_found_by_owner_and_readers() {
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap();
    let (task, store) = open(&database).await;
    store.put(&"UA".to_owned(), &carrier("United", 12.5)).await.unwrap();
    store.put_all(vec![("HA".to_owned(), Some(carrier("Hawaiian", 2.0)))]).await.unwrap();
    store.put_if_absent(&"EV".to_owned(), &carrier("ExpressJet", 20.0)).await.unwrap();
    assert_eq!(keys(&*store, slow()).await, (vec![], 0), "buffered writes are not seen");
    task.commit(()).await.unwrap();
    let slowest = vec!["EV".to_owned(), "UA".to_owned()];
    assert_eq!(keys(&*store, slow()).await, (slowest.clone(), 1));
    let reader = database.read("flights", 0).await.unwrap().store(&CARRIERS).await.unwrap();
    assert_eq!(keys(&*reader, slow()).await, (slowest, 1));
    let found: Vec<_> = reader.search(&slow().limit(1)).await.unwrap().try_collect().await.unwrap();
    assert_eq!(found, [("EV".to_owned(), carrier("ExpressJet", 20.0))]);
    store
        .update(&"EV".to_owned(), |old| old.map(|old| Carrier { name: None, ..old }))
        .await
        .unwrap();
    store.delete(&"UA".to_owned()).await.unwrap();
    task.rollback().await.unwrap();
    assert_eq!(keys(&*reader, Condition::prefix("name", "U")).await, (vec!["UA".to_owned()], 1));
    store
        .update(&"EV".to_owned(), |old| old.map(|old| Carrier { name: None, ..old }))
        .await
        .unwrap();
    store.delete(&"UA".to_owned()).await.unwrap();
    task.commit(()).await.unwrap();
    assert_eq!(keys(&*reader, Condition::exists("name")).await, (vec!["HA".to_owned()], 2));
    assert_eq!(keys(&*reader, !Condition::exists("name")).await, (vec!["EV".to_owned()], 2));
}

#[tokio::test]
async fn a_timestamped_value_has_its_fields_too() {
    static STAMPED: TimestampedKeyValue<String, Carrier> =
        TimestampedKeyValue::new("stamped").indexed("name", FieldType::Text);
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap();
    let task = database.task("flights", 0).store(&STAMPED).open().await.unwrap();
    let store = task.store(&STAMPED).unwrap();
    let value = Timestamped::new(carrier("United", 1.0), 77);
    store.put(&"UA".to_owned(), &value).await.unwrap();
    task.commit(()).await.unwrap();
    let query = Query::new(Condition::term("name", "United"));
    let found: Vec<_> = store.search(&query).await.unwrap().try_collect().await.unwrap();
    assert_eq!(found, [("UA".to_owned(), value)]);
}

#[tokio::test]
async fn a_value_of_another_type_is_refused_and_nothing_is_written() {
    static LENIENT: KeyValue<u64, serde_json::Value> =
        KeyValue::new("lenient").indexed("a.b", FieldType::Integer);
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap();
    let task = database.task("app", 0).store(&LENIENT).open().await.unwrap();
    let store = task.store(&LENIENT).unwrap();
    let wrong = serde_json::json!({"a": {"b": "secret"}});
    let right = serde_json::json!({"a": {"b": 7}});
    let mut refusals = vec![store.put(&1, &wrong).await.unwrap_err()];
    refusals.push(store.put_if_absent(&1, &wrong).await.unwrap_err());
    let both = vec![(2, Some(right)), (1, Some(wrong.clone()))];
    refusals.push(store.put_all(both).await.unwrap_err());
    refusals.push(store.update(&1, |_| Some(wrong)).await.unwrap_err());
    for refused in refusals {
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
        let told = refused.to_string();
        assert!(told.contains("lenient") && told.contains("a.b"), "{told}");
        assert!(!told.contains("secret"), "{told}");
    }
    assert_eq!(store.all().count().await, 0);
}

#[tokio::test]
async fn fields_that_cannot_be_indexed_are_refused_when_the_task_is_opened() {
    static TWICE: KeyValue<u64, u64> =
        KeyValue::new("s").indexed("a", FieldType::Text).indexed("a", FieldType::Text);
    let many = || {
        let names: Vec<_> = (0..=MAX_INDEXED).map(|n| &*format!("f{n}").leak()).collect();
        let one = KeyValue::<u64, u64>::new("s");
        names.into_iter().fold(one, |store, name| store.indexed(name, FieldType::Text))
    };
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap();
    for refused in [
        database.task("app", 0).store(&TWICE).open().await.unwrap_err(),
        database.task("app", 0).store(&many()).open().await.unwrap_err(),
    ] {
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{refused}");
    }
}

#[tokio::test]
async fn a_query_must_suit_the_fields() {
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap();
    let (_task, store) = open(&database).await;
    let told = store.search(&Condition::exists("delay").into()).await.unwrap_err();
    assert_eq!(told.kind(), ErrorKind::InvalidArgument);
    let told = told.to_string();
    assert!(told.contains("carriers") && told.contains("name, delay.mean"), "{told}");
    let raw = Condition::raw(r#"{"match_all": {}}"#).unwrap();
    assert_eq!(store.search(&raw.into()).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn new_fields_find_what_was_put_before_once_it_is_put_again() {
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap();
    let before = database.task("flights", 0).store(&WITHOUT).open().await.unwrap();
    let old = before.store(&WITHOUT).unwrap();
    for n in 0..25 {
        old.put(&format!("{n:02}"), &carrier("Old", f64::from(n))).await.unwrap();
    }
    before.commit(()).await.unwrap();

    let (task, store) = open(&database).await;
    let read = database.read("flights", 0).await.unwrap();
    let reader = read.store(&CARRIERS).await.unwrap();
    let told = reader.search(&slow()).await.unwrap_err();
    assert_eq!(told.kind(), ErrorKind::InvalidArgument, "nobody has committed with the fields");
    store.put(&"99".to_owned(), &carrier("New", 99.0)).await.unwrap();
    task.commit(()).await.unwrap();
    let reader = read.store(&CARRIERS).await.unwrap();
    assert_eq!(keys(&*reader, slow()).await, (vec!["99".to_owned()], 2));
    assert_eq!(keys(&*reader, Query::all()).await.0.len(), 26);

    let (mut from, mut calls) = (None, 0);
    loop {
        from = store.reindex(from, 10).await.unwrap();
        task.commit(()).await.unwrap();
        calls += 1;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(calls, 3);
    let (found, sequence) = keys(&*reader, slow()).await;
    assert_eq!((found.len(), sequence), (16, 5));
    assert_eq!(found[..3], ["99", "24", "23"]);
}

#[tokio::test]
async fn a_field_keeps_its_type() {
    static OTHER: KeyValue<String, Carrier> =
        KeyValue::new("carriers").indexed("delay.mean", FieldType::Integer);
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap();
    let (task, _store) = open(&database).await;
    task.commit(()).await.unwrap();
    let told = database.task("flights", 0).store(&OTHER).open().await.unwrap_err();
    assert_eq!(told.kind(), ErrorKind::SchemaMismatch);
    let without = database.task("flights", 0).store(&WITHOUT).open().await.unwrap();
    without.commit(()).await.unwrap();
    let recorded = without.checkpoint().unwrap();
    assert_eq!(recorded.store("carriers").unwrap().1.spec.fields, []);
}

#[tokio::test]
async fn an_ended_owner_does_not_search() {
    let database = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap();
    let (task, store) = open(&database).await;
    task.close().await.unwrap();
    assert_eq!(store.search(&Query::all()).await.unwrap_err().kind(), ErrorKind::Closed);
}

/// Remembers how much each search asked for.
#[derive(Clone, Debug, Default)]
struct Asked(Arc<std::sync::Mutex<Vec<usize>>>);

impl Layer for Asked {
    async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        if let Call::Search { limit, .. } = call {
            self.0.lock().unwrap().push(limit.entries);
        }
        send().await
    }
}

#[tokio::test]
async fn pages_are_asked_for_as_they_are_used_and_no_more_than_the_limit() {
    let asked = Asked::default();
    let mut config = EngineConfig::default();
    config.page_entries = 10;
    let database =
        Database::with(Arc::new(MemoryBackend::new()), config).unwrap().layer(asked.clone());
    let (task, store) = open(&database).await;
    for n in 0..35 {
        store.put(&format!("{n:02}"), &carrier("A", f64::from(n % 3))).await.unwrap();
    }
    task.commit(()).await.unwrap();
    let asked = || std::mem::take(&mut *asked.0.lock().unwrap());
    let by_delay = || Query::all().descending("delay.mean");
    let whole = keys(&*store, by_delay()).await.0;
    assert_eq!((whole.len(), asked()), (35, vec![10; 4]));
    assert_eq!(whole[..3], ["02", "05", "08"]);
    for (limit, pages) in
        [(0, vec![1]), (1, vec![1]), (10, vec![10]), (25, vec![10, 10, 5]), (99, vec![10; 4])]
    {
        let found = keys(&*store, by_delay().limit(limit)).await.0;
        assert_eq!(found, whole[..limit.min(35)]);
        assert_eq!(asked(), pages, "limit {limit}");
    }
    drop(store.search(&by_delay()).await.unwrap());
    assert_eq!(asked(), [10]);
}

/// The in-memory backend as one without search, and the fields of what it was sent.
#[derive(Clone, Debug, Default)]
struct Blind {
    inner: MemoryBackend,
    fields: Arc<std::sync::Mutex<BTreeMap<Bytes, Option<Box<str>>>>>,
}

#[derive(Debug)]
struct BlindTask<T: ?Sized> {
    capabilities: Capabilities,
    backend: Blind,
    inner: Arc<T>,
}

impl Blind {
    fn task<T: TaskReader + ?Sized>(&self, inner: Arc<T>) -> Arc<BlindTask<T>> {
        let mut capabilities = inner.capabilities().clone();
        capabilities.search = false;
        Arc::new(BlindTask { capabilities, backend: self.clone(), inner })
    }
}

#[async_trait]
impl Backend for Blind {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let claim = self.inner.claim(task, owner, stores).await?;
        Ok(Claim::new(self.task(claim.writer), claim.checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        Ok(self.task(self.inner.read(task).await?))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        self.inner.tasks(application).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.inner.destroy(task).await
    }
}

#[async_trait]
impl<T: TaskReader + ?Sized> TaskReader for BlindTask<T> {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.inner.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.inner.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.inner.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.inner.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}

#[async_trait]
impl TaskWriter for BlindTask<dyn TaskWriter> {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        for change in commit.changes().values() {
            let MapChange::Write(writes) = change else { continue };
            let fields = writes
                .iter()
                .map(|(key, put)| (key.clone(), put.as_ref().and_then(|put| put.fields.clone())));
            self.backend.fields.lock().unwrap().extend(fields);
        }
        self.inner.commit(commit).await
    }

    async fn apply(&self) -> Result<()> {
        self.inner.apply().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}

#[tokio::test]
async fn a_backend_without_search_says_so_and_is_sent_no_fields() {
    let backend = Blind::default();
    let database = Database::with(Arc::new(backend.clone()), EngineConfig::default()).unwrap();
    let (task, store) = open(&database).await;
    store.put(&"UA".to_owned(), &carrier("United", f64::from(1))).await.unwrap();
    task.commit(()).await.unwrap();
    assert_eq!(*backend.fields.lock().unwrap(), [(Bytes::from_static(b"UA"), None)].into());
    let reader = database.read("flights", 0).await.unwrap().store(&CARRIERS).await.unwrap();
    for told in [store.search(&slow()).await, reader.search(&Condition::exists("x").into()).await] {
        let told = told.unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Unsupported);
        assert!(told.to_string().contains("Elasticsearch"), "{told}");
    }
    // The fields are recorded all the same, for the day when the state moves.
    assert_eq!(reader.spec().fields.len(), 2);
}
