//! An Elasticsearch client: an index with a document for each entry, as the adapter has one.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use elasticsearch::http::{Method, headers::HeaderMap, transport::Transport};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use store::backend::MapId;
use tokio::{
    sync::{Semaphore, oneshot},
    task::yield_now,
};

use super::{Bare, Write, parts};

/// Documents of one bulk request: the size at which most are written per second.
const DOCUMENTS: usize = 1000;
/// Bulk requests on their way at a time.
const BULKS: usize = 4;
/// Multi-gets on their way at a time, each with all that wait.
const GETS: usize = 4;
/// Documents of one page of a scan.
const PAGE: usize = 1000;

/// One index. Writes are bulk requests, neither atomic nor fenced; gets that wait for each other's requests go together.
#[derive(Clone)]
pub(crate) struct Elastic(Arc<Index>);

struct Index {
    transport: Transport,
    name: String,
    /// Whether every operation is a request of its own.
    single: bool,
    /// Whether a scan must refresh.
    written: AtomicBool,
    waiting: Mutex<Vec<Get>>,
    turns: Semaphore,
}

/// The id of a document, and who waits for its value.
type Get = (String, oneshot::Sender<Option<Vec<u8>>>);

#[derive(Deserialize)]
struct Got {
    docs: Vec<Document>,
}

#[derive(Deserialize)]
struct Found {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "_source")]
    source: Option<Entry>,
    #[serde(default)]
    sort: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    value: String,
}

#[derive(Deserialize)]
struct Written {
    errors: bool,
}

fn transport(url: &str) -> Result<Transport> {
    let (scheme, nodes) = parts(url)?;
    ensure!(scheme.ends_with("+http"), "a server without TLS is needed");
    let node = nodes.split(',').next().unwrap_or_default();
    Ok(Transport::single_node(&format!("http://{node}"))?)
}

async fn send<T: DeserializeOwned>(
    transport: &Transport,
    method: Method,
    path: &str,
    body: impl Into<Bytes>,
) -> Result<T> {
    let body = Some(body.into()).filter(|body: &Bytes| !body.is_empty());
    let sent = transport.send(method, path, HeaderMap::new(), None::<&()>, body, None).await?;
    let status = sent.status_code();
    let answer = sent.bytes().await?;
    ensure!(status.as_u16() < 300, "{path}: {}", String::from_utf8_lossy(&answer));
    Ok(serde_json::from_slice(&answer)?)
}

fn name(map: MapId) -> String {
    format!("{}.{}", map.store, map.segment.unwrap_or(-1))
}

fn id(map: MapId, key: &[u8]) -> String {
    format!("{}.{}", name(map), hex::encode(key))
}

fn value_of(entry: &Entry) -> Result<Vec<u8>> {
    Ok(STANDARD.decode(&entry.value)?)
}

impl Elastic {
    /// Connects, and makes an index of one shard; `single` sends every operation by itself.
    pub(crate) async fn connect(url: &str, name: String, single: bool) -> Result<Self> {
        let transport = transport(url)?;
        let keyword = json!({ "type": "keyword" });
        let body = json!({
            // An index that says nothing of it is not refreshed until somebody searches, and gets are slow before.
            "settings":
                { "number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "1s" },
            "mappings": { "dynamic": "strict", "properties":
                { "map": keyword, "key": keyword, "value": { "type": "binary" } } },
        });
        send::<Value>(&transport, Method::Put, &format!("/{name}"), body.to_string()).await?;
        let (written, waiting, turns) =
            (AtomicBool::new(true), Mutex::default(), Semaphore::new(GETS));
        Ok(Self(Arc::new(Index { transport, name, single, written, waiting, turns })))
    }

    /// Removes every index whose name begins with a prefix and a dash.
    pub(crate) async fn remove(url: &str, prefix: &str) -> Result<()> {
        let transport = transport(url)?;
        let path = format!("/_cat/indices/{prefix}-*?format=json&h=index");
        for row in send::<Vec<Value>>(&transport, Method::Get, &path, "").await? {
            let index = row["index"].as_str().context("an index without a name")?;
            send::<Value>(&transport, Method::Delete, &format!("/{index}"), "").await?;
        }
        Ok(())
    }
}

impl Index {
    async fn ask<T: DeserializeOwned>(&self, what: &str, body: impl Into<Bytes>) -> Result<T> {
        let path = format!("/{}/{what}", self.name);
        send(&self.transport, Method::Post, &path, body).await
    }

    async fn fetch(&self, id: String) -> Result<Option<Vec<u8>>> {
        let (tell, told) = oneshot::channel();
        self.waiting().push((id, tell));
        if self.single {
            self.fetch_waiting().await?;
            return Ok(told.await?);
        }
        // As long as keys wait; those who are ready to run add theirs first.
        while !self.waiting().is_empty()
            && let Ok(_turn) = self.turns.try_acquire()
        {
            yield_now().await;
            self.fetch_waiting().await?;
        }
        Ok(told.await?)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Get>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for all that wait by one request.
    async fn fetch_waiting(&self) -> Result<()> {
        let asked = std::mem::take(&mut *self.waiting());
        if asked.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = asked.iter().map(|(id, _)| id).collect();
        let got: Got = self.ask("_mget", json!({ "ids": ids }).to_string()).await?;
        ensure!(got.docs.len() == asked.len(), "an answer for each key");
        for ((_, tell), document) in asked.into_iter().zip(got.docs) {
            let value = document.source.as_ref().map(value_of).transpose()?;
            // Who asked may have gone.
            let _ = tell.send(value);
        }
        Ok(())
    }

    async fn write(&self, writes: &[Write]) -> Result<()> {
        let mut body = String::new();
        for (map, key, value) in writes {
            let id = id(*map, key);
            match value {
                None => body += &format!("{}\n", json!({ "delete": { "_id": id } })),
                Some(value) => {
                    let value = STANDARD.encode(value);
                    let entry =
                        json!({ "map": name(*map), "key": hex::encode(key), "value": value });
                    body += &format!("{}\n{entry}\n", json!({ "index": { "_id": id } }));
                }
            }
        }
        let written: Written = self.ask("_bulk?filter_path=errors", body).await?;
        ensure!(!written.errors, "a document was refused");
        Ok(())
    }
}

impl Bare for Elastic {
    async fn get<T: Send>(
        &mut self,
        map: MapId,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T + Send,
    ) -> Result<T> {
        Ok(see(self.0.fetch(id(map, key)).await?.as_deref()))
    }

    async fn scan(
        &mut self,
        map: MapId,
        (from, to): (&[u8], &[u8]),
        limit: usize,
        mut see: impl FnMut(&[u8], &[u8]) + Send,
    ) -> Result<()> {
        if self.0.written.swap(false, Ordering::AcqRel) {
            self.0.ask::<Value>("_refresh", "").await?;
        }
        let mut left = limit;
        let mut body = json!({
            "query": { "bool": { "filter": [
                { "term": { "map": name(map) } },
                { "range": { "key": { "gte": hex::encode(from), "lte": hex::encode(to) } } },
            ] } },
            "sort": [{ "key": "asc" }], "_source": ["value"], "track_total_hits": false,
        });
        while left > 0 {
            let page = PAGE.min(left);
            body["size"] = page.into();
            let found: Found = self.0.ask("_search", body.to_string()).await?;
            let hits = found.hits.hits;
            for hit in &hits {
                let (key, entry) = hit.sort.first().zip(hit.source.as_ref()).context("a hit")?;
                see(&hex::decode(key)?, &value_of(entry)?);
            }
            let Some(last) = hits.last().filter(|_| hits.len() == page) else { break };
            left -= hits.len();
            body["search_after"] = json!(last.sort);
        }
        Ok(())
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Result<()> {
        let bulks: Vec<_> = writes.chunks(DOCUMENTS).map(|some| self.0.write(some)).collect();
        stream::iter(bulks).buffer_unordered(BULKS).try_collect::<()>().await?;
        self.0.written.store(true, Ordering::Release);
        Ok(())
    }

    fn handle(&self) -> Option<Self> {
        Some(self.clone())
    }
}
