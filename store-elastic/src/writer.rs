//! Writing what is decided, and the chunks of logs.

use std::sync::PoisonError;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};
use store_core::{
    Error, ErrorKind, Result,
    backend::{Changes, MapChange, MapId, Put},
    redo::{Lease, LogName},
};

use crate::{
    bulk::{Operation, Target},
    layout::{bytes, id, key},
    task::ElasticTask,
};

/// An entry as it is stored, or the mark of a deleted key.
#[derive(Serialize)]
struct Entry<'a> {
    task: &'a str,
    map: &'a str,
    key: &'a str,
    stamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Value>,
}

/// A write of a key in a map.
type Write<'a> = (MapId, &'a Bytes, Option<&'a Put>);

#[derive(Serialize)]
struct Chunk<'a> {
    task: &'a str,
    epoch: u64,
    chunk: String,
}

impl ElasticTask {
    pub(crate) async fn write(&self, changes: &Changes, stamp: i64, lease: &Lease) -> Result<()> {
        let writing = self.freshness.writing();
        let config = &self.shared.config;
        let batches = cut(changes, config.batch_entries, config.batch_bytes);
        let writes: usize = batches.iter().map(Vec::len).sum();
        let batches: Vec<_> =
            batches.into_iter().map(|batch| self.send(batch, stamp, lease)).collect();
        let sent = stream::iter(batches).buffer_unordered(config.in_flight);
        let done = sent.try_fold(0, async |all, done| Ok(all + done)).await?;
        let deletes = |change: &MapChange| match change {
            MapChange::Drop => false,
            MapChange::Write(writes) => writes.values().any(Option::is_none),
        };
        if changes.values().any(deletes) {
            // Only saves space: the next time does it, too.
            let _ = self.purge(stamp).await;
        }
        for (map, change) in changes {
            if *change == MapChange::Drop {
                let entries = json!([
                    { "term": { "task": self.name } },
                    { "term": { "map": self.map(*map) } },
                    { "range": { "stamp": { "lte": stamp } } },
                ]);
                self.remove(&self.shared.names.data, &entries, Some(lease)).await?;
            }
        }
        // Of a write that was not done there is a newer one, by somebody else.
        if done == writes {
            writing.arrived(changes);
        }
        Ok(())
    }

    /// How many of the writes were done.
    async fn send(&self, batch: Vec<Write<'_>>, stamp: i64, lease: &Lease) -> Result<usize> {
        let mut operations = Vec::with_capacity(batch.len());
        for (map, key, put) in batch {
            operations.push(self.operation(&self.map(map), key, put, stamp)?);
        }
        lease.check()?;
        let (client, data) = (&self.client, &self.shared.names.data);
        client.bulk_all(data, operations, self.doing("write to")).await
    }

    fn operation(
        &self,
        map: &str,
        raw: &Bytes,
        put: Option<&Put>,
        stamp: i64,
    ) -> Result<Operation> {
        let key = &key(raw);
        let fields = put.and_then(|put| put.fields.as_deref()).map(serde_json::from_str);
        let fields = fields.transpose().map_err(|error| {
            let message =
                format!("the indexed fields of a value of task {} are no JSON", self.task);
            Error::new(ErrorKind::Corrupt, message).with_source(error)
        })?;
        let entry = Entry {
            task: &self.name,
            map,
            key,
            stamp,
            value: put.map(|put| bytes(&put.value)),
            deleted: put.is_none().then_some(true),
            fields,
        };
        let target = Target {
            id: &id(&self.name, map, raw, key),
            routing: &self.name,
            version: Some(stamp),
            version_type: Some("external_gte"),
            at: None,
        };
        Ok(Operation::index(target, &entry))
    }

    /// Removes what is left of the task, up to a stamp.
    pub(crate) async fn remove_all(&self, stamp: i64, lease: &Lease) -> Result<()> {
        let entries = json!([
            { "term": { "task": self.name } },
            { "range": { "stamp": { "lte": stamp } } },
        ]);
        self.remove(&self.shared.names.data, &entries, Some(lease)).await
    }

    pub(crate) fn chunk_id(&self, log: LogName, index: u32) -> String {
        format!("{}/{}/{}/{index}", self.name, log.epoch, log.attempt)
    }

    pub(crate) async fn write_chunk(&self, log: LogName, index: u32, chunk: &Bytes) -> Result<()> {
        {
            let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
            let begun = chunks.entry(log).or_default();
            *begun = (index + 1).max(*begun);
        }
        let (client, tasks) = (&self.client, &self.shared.names.tasks);
        let chunk = vec![self.chunk(log, index, chunk)];
        client.bulk_all(tasks, chunk, self.doing("write the log of")).await.map(drop)
    }

    fn chunk(&self, log: LogName, index: u32, chunk: &Bytes) -> Operation {
        let id = &self.chunk_id(log, index);
        let target = Target { id, routing: &self.name, ..Target::default() };
        let chunk = Chunk { task: &self.name, epoch: log.epoch, chunk: bytes(chunk) };
        Operation::index_larger(target, &chunk)
    }

    /// Removes the chunks that were begun here; those of others go with their epoch.
    pub(crate) async fn remove_log(&self, log: LogName) -> Result<()> {
        let begun = self.chunks.lock().unwrap_or_else(PoisonError::into_inner).get(&log).copied();
        let chunks = (0..begun.unwrap_or_default()).map(|index| {
            let id = &self.chunk_id(log, index);
            Operation::delete(Target { id, routing: &self.name, ..Target::default() })
        });
        let (client, tasks) = (&self.client, &self.shared.names.tasks);
        client.bulk_all(tasks, chunks.collect(), self.doing("remove the log of")).await?;
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner).remove(&log);
        Ok(())
    }

    pub(crate) async fn remove_logs(&self, below_epoch: u64) -> Result<()> {
        let chunks = json!([
            { "term": { "task": self.name } },
            { "range": { "epoch": { "lt": below_epoch } } },
        ]);
        self.remove(&self.shared.names.tasks, &chunks, None).await
    }
}

/// Cuts writes into requests of at most so many entries and bytes, or one entry.
fn cut(changes: &Changes, most: usize, largest: usize) -> Vec<Vec<Write<'_>>> {
    let (mut batches, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (map, change) in changes {
        let MapChange::Write(writes) = change else { continue };
        for (key, put) in writes {
            let put = put.as_ref();
            let fields = put.and_then(|put| put.fields.as_ref()).map_or(0, |fields| fields.len());
            let more = key.len() + put.map_or(0, |put| put.value.len()) + fields;
            if !batch.is_empty() && (batch.len() >= most || bytes + more > largest) {
                batches.push(std::mem::take(&mut batch));
                bytes = 0;
            }
            bytes += more;
            batch.push((*map, key, put));
        }
    }
    batches.push(batch);
    batches.retain(|batch| !batch.is_empty());
    batches
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use store_core::{
        backend::{Changes, MapChange, MapId, Put, TaskId},
        redo::LogName,
    };

    use super::cut;
    use crate::{
        ElasticConfig,
        bulk::{Operation, request},
        connect::connect,
        index::Names,
        task::{ElasticTask, Shared},
    };

    /// What a server does not take is then refused before it is decided.
    #[test]
    fn an_entry_is_no_larger_than_its_part_of_the_log() {
        let config = ElasticConfig { namespace: "a.prefix".into(), ..ElasticConfig::default() };
        let client = connect("elasticsearch+http://localhost", &config).unwrap();
        let shared = Arc::new(Shared { client, names: Names::new(&config), config });
        let size = |operation: Operation| request("a", &[operation]).body.unwrap().len();
        let fields = format!(r#"{{"a":"{}"}}"#, "x".repeat(500));
        let log = r#"{"epoch":1,"attempt":"00000000-0000-0000-0000-000000000000"}"#;
        let log: LogName = serde_json::from_str(log).unwrap();
        for application in ["a", &"a".repeat(100)] {
            let task = TaskId::new(application, 4_000_000).unwrap();
            let task = ElasticTask::new(shared.clone(), task);
            for key in [0, 1, 100, 300, 370, 380, 8192, 24_574] {
                for (value, fields) in [(0, None), (10, Some(&*fields)), (1 << 20, None)] {
                    let (key, value) = (Bytes::from(vec![b'k'; key]), vec![0; value]);
                    let logged = key.len() + value.len() + fields.map_or(0, str::len);
                    let mut put = Put::new(value.into());
                    put.fields = fields.map(Into::into);
                    let map = task.map(MapId::segment(9, -1_000_000));
                    let entry = task.operation(&map, &key, Some(&put), i64::MAX).unwrap();
                    let chunk = task.chunk(log, 0, &vec![0; logged].into());
                    assert!(size(entry) <= size(chunk), "a key of {} bytes", key.len());
                }
            }
        }
    }

    /// Three puts of ten bytes each, or more with fields, and a delete of one.
    fn changes(fields: &str) -> Changes {
        let put = |key: &'static str| {
            let mut put = Put::new(Bytes::from_static(b"123456789"));
            put.fields = (!fields.is_empty()).then(|| fields.into());
            (Bytes::from_static(key.as_bytes()), Some(put))
        };
        let writes = [put("a"), put("b"), put("c"), (Bytes::from_static(b"d"), None)];
        [(MapId::whole(1), MapChange::Write(writes.into()))].into()
    }

    #[test]
    fn requests_have_so_many_entries_and_bytes_at_most() {
        let sizes = |fields: &str, most, largest| -> Vec<_> {
            cut(&changes(fields), most, largest).iter().map(Vec::len).collect()
        };
        assert_eq!(sizes("", 10, 31), [4]);
        assert_eq!(sizes("", 3, 31), [3, 1]);
        assert_eq!(sizes("", 10, 30), [3, 1]);
        assert_eq!(sizes("", 10, 5), [1, 1, 1, 1], "each is larger than that");
        assert_eq!(sizes(r#"{"a":10000}"#, 10, 31), [1, 1, 2], "fields count");
        assert!(cut(&[(MapId::segment(1, 4), MapChange::Drop)].into(), 10, 31).is_empty());
    }
}
