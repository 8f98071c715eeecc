//! Operations on a key-value store of bytes.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use serde_json::{Value, json};
use store::{Order, Result, stores::key_value::KeyValueStore};

use super::Data;

/// An operation with its arguments.
#[derive(Debug)]
pub(super) enum Operation {
    Get(Bytes),
    Put(Bytes, Option<Bytes>),
    Delete(Bytes),
    PutIfAbsent(Bytes, Option<Bytes>),
    PutAll(Vec<(Bytes, Option<Bytes>)>),
    Range { from: Option<Bytes>, to: Option<Bytes>, reverse: bool, limit: Option<usize> },
    Prefix { prefix: Bytes, reverse: bool, limit: Option<usize> },
    Count,
}

type Store = dyn KeyValueStore<Bytes, Bytes>;
type Entries = BoxStream<'static, Result<(Bytes, Bytes)>>;

pub(super) async fn execute(store: &Store, operation: Operation) -> Result<Value> {
    match operation {
        Operation::Get(key) => Ok(value(store.get(&key).await?)),
        Operation::Put(key, Some(value)) => store.put(&key, &value).await.map(|()| Value::Null),
        Operation::Put(key, None) => store.delete(&key).await.map(|_| Value::Null),
        Operation::Delete(key) => Ok(value(store.delete(&key).await?)),
        Operation::PutIfAbsent(key, Some(new)) => Ok(value(store.put_if_absent(&key, &new).await?)),
        // Nothing to put: what is there stays, and is told.
        Operation::PutIfAbsent(key, None) => Ok(value(store.get(&key).await?)),
        Operation::PutAll(entries) => store.put_all(entries).await.map(|()| Value::Null),
        Operation::Range { from, to, reverse, limit } => {
            rows(store.range(from, to, order(reverse)), limit).await
        }
        Operation::Prefix { prefix, reverse, limit } => {
            rows(store.prefix_bytes(prefix, order(reverse)), limit).await
        }
        Operation::Count => {
            let all = store.prefix_bytes(Bytes::new(), Order::Forward);
            Ok(json!(all.try_fold(0_u64, async |count, _| Ok(count + 1)).await?))
        }
    }
}

const fn order(reverse: bool) -> Order {
    if reverse { Order::Backward } else { Order::Forward }
}

fn value(bytes: Option<Bytes>) -> Value {
    json!(bytes.map(Data))
}

async fn rows(entries: Entries, limit: Option<usize>) -> Result<Value> {
    let entries = entries.take(limit.unwrap_or(usize::MAX));
    let rows = entries.map_ok(|(key, value)| json!([Data(key), Data(value)]));
    Ok(Value::Array(rows.try_collect().await?))
}
