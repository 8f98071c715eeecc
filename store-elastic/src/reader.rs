//! Reading by id: values and chunks of logs. Every acknowledged write is seen, refreshed or not.

use std::{
    fmt::Display,
    sync::{MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use store_core::{Error, Result, backend::MapId, redo::LogName, seen::Seen};

use crate::{
    bulk::At,
    client::{Client, Request, asks_for_less},
    error::{Refusal, incomplete},
    layout::{MAX_KEY_BYTES, damaged, id, key, read_bytes},
    task::{Doing, ElasticTask},
};

/// A document that is there.
pub(crate) struct Document<T> {
    pub(crate) source: T,
    pub(crate) at: At,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Answer<T> {
    docs: Vec<Found<T>>,
}

/// What is said of one id: not by an enum of serde's, which would keep a copy of the content while it looks which one it is.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Found<T> {
    #[serde(default)]
    found: bool,
    #[serde(rename = "_source", default = "nothing")]
    source: Option<T>,
    #[serde(flatten)]
    at: Option<At>,
    error: Option<Refusal>,
}

const fn nothing<T>() -> Option<T> {
    None
}

impl<T> Found<T> {
    fn document(self, doing: impl Display) -> Result<Option<Document<T>>> {
        match self {
            Self { error: Some(error), .. } => Err(error.error(503, doing)),
            Self { found: false, .. } => Ok(None),
            Self { source: Some(source), at: Some(at), .. } => Ok(Some(Document { source, at })),
            _ => Err(incomplete(doing, "an entry came without its content")),
        }
    }
}

#[derive(Deserialize)]
struct Value {
    value: Option<String>,
    #[serde(default)]
    deleted: bool,
}

impl Value {
    /// None for the mark of a deleted key; `Corrupt` for what is neither that nor a value.
    fn read(&self) -> Result<Option<Bytes>> {
        match &self.value {
            Some(value) => read_bytes(value).map(Some),
            None if self.deleted => Ok(None),
            None => Err(damaged("an entry")),
        }
    }
}

#[derive(Deserialize)]
struct Chunk {
    chunk: String,
}

impl Client {
    /// The documents of some ids, in their order, with some of their fields.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        index: &str,
        routing: &str,
        ids: &[String],
        fields: &'static str,
        doing: impl Display + Copy,
    ) -> Result<Vec<Option<Document<T>>>> {
        let request = Request::post(format!("/{index}/_mget"))
            .query("routing", routing.to_owned())
            .query("_source_includes", fields)
            .json(&json!({ "ids": ids }));
        let read = |Answer { docs }: Answer<T>| {
            if docs.len() != ids.len() {
                return Err(incomplete(doing, "there are not as many entries as were asked for"));
            }
            docs.into_iter().map(|found| found.document(doing)).collect()
        };
        self.ask(request, doing, read).await
    }
}

impl ElasticTask {
    pub(crate) async fn values(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let mut values = vec![None; keys.len()];
        let legal = keys.iter().enumerate().filter(|(_, (_, key))| key.len() <= MAX_KEY_BYTES);
        let ids = legal
            .map(|(place, (map, raw))| (place, id(&self.name, &self.map(*map), raw, &key(raw))));
        let (places, ids): (Vec<_>, Vec<_>) = ids.unzip();
        let in_flight = self.shared.config.in_flight;
        let mut at = 0;
        while at < ids.len() {
            let seen = *self.seen_by_id();
            let rows = seen.ask(MOST_IDS, ANSWER_BYTES, in_flight.min(ids.len() - at));
            let round = &ids[at..ids.len().min(at + rows * in_flight)];
            let gets: Vec<_> = round.chunks(rows).map(|ids| self.some_values(ids)).collect();
            let found: Vec<_> = stream::iter(gets).buffered(in_flight).try_concat().await?;
            let largest = found.iter().flatten().map(Bytes::len).max().unwrap_or_default();
            self.seen_by_id().learn(Seen::new(rows.min(round.len()), largest));
            for (place, value) in places[at..].iter().zip(found) {
                values[*place] = value;
            }
            at += round.len();
        }
        Ok(values)
    }

    fn seen_by_id(&self) -> MutexGuard<'_, Seen> {
        self.seen[0].lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn some_values(&self, ids: &[String]) -> Result<Vec<Option<Bytes>>> {
        let (index, doing) = (&self.shared.names.data, self.doing("read"));
        self.in_parts(index, ids, "value,deleted", doing, Value::read).await
    }

    pub(crate) async fn chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>> {
        let ids: Vec<_> = (0..count).map(|index| self.chunk_id(log, index)).collect();
        let gets: Vec<_> = ids.chunks(CHUNKS_AT_ONCE).map(|ids| self.some_chunks(ids)).collect();
        stream::iter(gets).buffered(2).try_concat().await
    }

    async fn some_chunks(&self, ids: &[String]) -> Result<Vec<Option<Bytes>>> {
        let (index, doing) = (&self.shared.names.tasks, self.doing("read the log of"));
        let read = |chunk: &Chunk| read_bytes(&chunk.chunk).map(Some);
        self.in_parts(index, ids, "chunk", doing, read).await
    }

    /// What is read of some documents, by as many requests as it takes so that no answer is too large.
    async fn in_parts<T: DeserializeOwned>(
        &self,
        index: &str,
        ids: &[String],
        fields: &'static str,
        doing: Doing<'_>,
        read: impl Fn(&T) -> Result<Option<Bytes>>,
    ) -> Result<Vec<Option<Bytes>>> {
        let (mut all, mut parts) = (Vec::with_capacity(ids.len()), Parts(vec![ids]));
        let asked = async {
            while let Some(ids) = parts.0.pop() {
                match self.client.get::<T>(index, &self.name, ids, fields, doing).await {
                    Ok(found) => {
                        for document in found {
                            let read = document.map(|document| read(&document.source));
                            all.push(read.transpose()?.flatten());
                        }
                    }
                    Err(error) => parts.halve(ids, error)?,
                }
            }
            Ok(())
        };
        self.client.within(doing, asked).await?;
        Ok(all)
    }
}

/// Ids that are to be asked for, each part by one request, the last one first.
struct Parts<'a>(Vec<&'a [String]>);

impl<'a> Parts<'a> {
    /// After an answer that would have been too large: the same in two parts, or the error where that cannot help.
    fn halve(&mut self, ids: &'a [String], error: Error) -> Result<()> {
        if ids.len() < 2 || !asks_for_less(&error) {
            return Err(error);
        }
        let (one, other) = ids.split_at(ids.len() / 2);
        self.0.extend([other, one]);
        Ok(())
    }
}

/// Chunks are half a MiB, or as large as the largest write of their commit.
const CHUNKS_AT_ONCE: usize = 8;

/// Ids in one request.
const MOST_IDS: usize = 1000;

/// Bytes of values that all requests on their way may bring, as far as can be known.
const ANSWER_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store_core::{Error, ErrorKind};

    use super::{Answer, Parts, Value};

    /// Which parts are asked for where an answer takes so many ids.
    fn asked(most: usize, kind: ErrorKind) -> (Vec<usize>, Option<ErrorKind>) {
        let ids: Vec<_> = (0..7).map(|n| n.to_string()).collect();
        let (mut parts, mut asked, mut found) = (Parts(vec![&ids]), Vec::new(), Vec::new());
        while let Some(ids) = parts.0.pop() {
            asked.push(ids.len());
            if ids.len() <= most {
                found.extend_from_slice(ids);
            } else if let Err(error) = parts.halve(ids, Error::new(kind, "too much")) {
                return (asked, Some(error.kind()));
            }
        }
        assert_eq!(found, ids);
        (asked, None)
    }

    #[test]
    fn what_is_too_large_for_one_answer_comes_in_parts() {
        assert_eq!(asked(7, ErrorKind::TooLarge), (vec![7], None));
        assert_eq!(asked(3, ErrorKind::TooLarge), (vec![7, 3, 4, 2, 2], None));
        let one_by_one = vec![7, 3, 1, 2, 1, 1, 4, 2, 1, 1, 2, 1, 1];
        assert_eq!(asked(1, ErrorKind::Throttled), (one_by_one, None));
        let (parts, error) = asked(0, ErrorKind::TooLarge);
        assert_eq!((parts, error), (vec![7, 3, 1], Some(ErrorKind::TooLarge)), "one alone");
        let (parts, error) = asked(3, ErrorKind::Unavailable);
        assert_eq!((parts, error), (vec![7], Some(ErrorKind::Unavailable)), "no matter of size");
    }

    #[test]
    fn an_entry_is_there_or_absent_or_could_not_be_read() {
        let answer = json!({"docs": [
            {"_index": "i", "_id": "a", "_seq_no": 4, "_primary_term": 1, "found": true, "_source": {"value": "AA=="}},
            {"_index": "i", "_id": "b", "_seq_no": 5, "_primary_term": 1, "found": true, "_source": {"deleted": true}},
            {"_index": "i", "_id": "b", "_seq_no": 6, "_primary_term": 1, "found": true, "_source": {}},
            {"_index": "i", "_id": "c", "found": false},
            {"_index": "i", "_id": "d", "error": {"type": "no_shard_available_action_exception", "reason": "x"}},
            {"_index": "i", "_id": "e", "error": {"type": "index_not_found_exception", "reason": "x"}},
        ]});
        let answer: Answer<Value> = serde_json::from_str(&answer.to_string()).unwrap();
        let told = answer.docs.into_iter().map(|found| match found.document("read") {
            Ok(Some(document)) => match document.source.read() {
                Ok(value) => {
                    value.map_or_else(|| "deleted".to_owned(), |value| format!("{value:?}"))
                }
                Err(error) => error.kind().to_string(),
            },
            Ok(None) => "absent".to_owned(),
            Err(error) => error.kind().to_string(),
        });
        let expected = ["b\"\\0\"", "deleted", "Corrupt", "absent", "Unavailable", "NotFound"];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
