//! Searching: pages of a map, and how many entries it has.

use std::fmt::Display;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use store_core::{
    Result,
    backend::{KeyRange, MapId, Order, Page, PageLimit},
};

use crate::{
    client::{Client, Request, Shards},
    error::incomplete,
    gather::{Found, Gathering, Paged},
    layout::{damaged, place, range, read_bytes, read_key},
    task::{Doing, ElasticTask},
};

/// A document that was found.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub(crate) struct Hit<T> {
    #[serde(rename = "_source")]
    pub(crate) source: T,
    #[serde(default)]
    pub(crate) sort: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(bound = "H: DeserializeOwned")]
struct Answer<H> {
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    hits: Hits<H>,
}

#[derive(Deserialize)]
#[serde(bound = "H: DeserializeOwned")]
struct Hits<H> {
    hits: Vec<H>,
}

#[derive(Deserialize)]
struct Entry {
    value: Option<String>,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
    #[serde(rename = "_shards")]
    shards: Shards,
}

impl Client {
    /// What a search finds: all of it, or an error.
    pub(crate) async fn search<H: DeserializeOwned>(
        &self,
        index: &str,
        routing: Option<&str>,
        body: &Value,
        doing: impl Display + Copy,
    ) -> Result<Vec<H>> {
        let mut request = Request::post(format!("/{index}/_search"))
            .query("allow_partial_search_results", "false")
            .json(body);
        if let Some(routing) = routing {
            request = request.query("routing", routing.to_owned());
        }
        let read = |answer: Answer<H>| {
            answer.shards.check(doing)?;
            if answer.timed_out {
                return Err(incomplete(doing, "the search took too long"));
            }
            Ok(answer.hits.hits)
        };
        self.ask(request, doing, read).await
    }

    /// How many documents fulfil a condition, as far as they were refreshed.
    pub(crate) async fn count(
        &self,
        index: &str,
        routing: Option<&str>,
        query: &Value,
        doing: impl Display + Copy,
    ) -> Result<u64> {
        let mut request =
            Request::post(format!("/{index}/_count")).json(&json!({ "query": query }));
        if let Some(routing) = routing {
            request = request.query("routing", routing.to_owned());
        }
        let read = |Count { count, shards }| shards.check(doing).map(|()| count);
        self.ask(request, doing, read).await
    }
}

/// The condition of no condition.
fn anything() -> Value {
    json!({ "match_all": {} })
}

/// What is searched for, in which order, and from where on.
pub(crate) struct Asked {
    pub(crate) query: Value,
    pub(crate) sort: Value,
    pub(crate) after: Option<Vec<Value>>,
}

impl ElasticTask {
    pub(crate) async fn page(
        &self,
        map: MapId,
        keys: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        if keys.is_empty() {
            return Ok(Page::default());
        }
        let unseen = loop {
            match self.freshness.overlay(map, keys, order, limit) {
                Ok(unseen) => break unseen,
                Err(written) => self.refresh(written).await?,
            }
        };
        let stored = self.stored(map, keys, order, limit).await?;
        Ok(unseen.over(stored, order, limit))
    }

    /// One page as a search shows it.
    async fn stored(
        &self,
        map: MapId,
        keys: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let ends = range(keys);
        let inside = if ends.is_empty() { anything() } else { json!({ "range": { "key": ends } }) };
        let query = self.live(map, &inside);
        let (direction, near) = match order {
            Order::Forward => ("asc", &keys.start),
            Order::Backward => ("desc", &keys.end),
        };
        let after = place(near, order).map(|place| vec![place.into()]);
        let mut asked = Asked { query, sort: json!([{ "key": direction }]), after };
        loop {
            let Paged { mut entries, resume } = self.paged(&mut asked, limit, "scan").await?;
            let last = entries.last().map(|(key, _)| key.clone());
            // Under a long end there may be others.
            entries.retain(|(key, _)| keys.contains(key));
            if entries.is_empty() && resume.is_some() {
                asked.after = resume;
                continue;
            }
            let resume = resume.and(last).filter(|last| keys.contains(last));
            return Ok(Page::new(entries, resume));
        }
    }

    /// One page of what a search finds, by as many requests as it takes so that none brings too much. What is asked goes on
    /// with the entries that come.
    pub(crate) async fn paged(
        &self,
        asked: &mut Asked,
        limit: PageLimit,
        doing: &'static str,
    ) -> Result<Paged> {
        let mut gathering = Gathering::new(&self.seen[1], limit);
        loop {
            let rows = gathering.rows();
            match self.found(asked, rows, self.doing(doing)).await {
                Ok(found) => match gathering.add(found, rows) {
                    Ok(page) => return Ok(page),
                    Err(last) => asked.after = last.or_else(|| asked.after.take()),
                },
                Err(error) => gathering.refused(error, rows)?,
            }
        }
    }

    /// So many entries, each with what it is sorted by, its key at last.
    async fn found(&self, asked: &Asked, rows: usize, doing: Doing<'_>) -> Result<Vec<Found>> {
        let mut body = json!({
            "size": rows,
            "query": asked.query,
            "sort": asked.sort,
            "_source": ["value"],
            "track_total_hits": false,
        });
        if let Some(after) = &asked.after {
            body["search_after"] = Value::from(after.clone());
        }
        let (client, data) = (&self.client, &self.shared.names.data);
        let hits = client.search::<Hit<Entry>>(data, Some(&self.name), &body, doing).await?;
        let entry = |hit: Hit<Entry>| {
            let key = hit.sort.last().and_then(Value::as_str);
            let key = key.ok_or_else(|| incomplete(doing, "an entry came without its key"))?;
            let value = hit.source.value.ok_or_else(|| damaged("an entry"))?;
            Ok(((read_key(key)?, read_bytes(&value)?), hit.sort))
        };
        hits.into_iter().map(entry).collect()
    }

    /// The entries of a map that fulfil a condition, without marks of deleted keys.
    pub(crate) fn live(&self, map: MapId, condition: &Value) -> Value {
        let map = self.map(map);
        json!({ "bool": {
            "filter": [{ "term": { "task": self.name } }, { "term": { "map": map } }, condition],
            "must_not": [{ "term": { "deleted": true } }],
        }})
    }

    /// Refreshes the index of data, if something was written since it was last.
    pub(crate) async fn make_visible(&self) -> Result<()> {
        match self.freshness.missing() {
            Some(written) => self.refresh(written).await,
            None => Ok(()),
        }
    }

    async fn refresh(&self, written: u64) -> Result<()> {
        let (client, data) = (&self.client, &self.shared.names.data);
        client.refresh(data, self.doing("refresh")).await?;
        self.freshness.refreshed(written);
        Ok(())
    }

    pub(crate) async fn count(&self, map: MapId) -> Result<u64> {
        self.make_visible().await?;
        let (data, query) = (&self.shared.names.data, self.live(map, &anything()));
        self.client.count(data, Some(&self.name), &query, self.doing("count entries of")).await
    }
}
