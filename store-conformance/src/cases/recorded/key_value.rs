//! Conversations with key-value stores.

use std::sync::Arc;

use anyhow::{Result, bail};
use bytes::Bytes;
use futures::{FutureExt, TryStreamExt, future::BoxFuture, stream::BoxStream};
use serde_json::{Value, json};
use store_core::{codec::Raw, prelude::*};

use super::{
    Recorded,
    line::{Line, to_json},
};

pub(crate) struct Entries;

impl Recorded for Entries {
    type Definition = KeyValue<Bytes, Bytes, Raw>;
    type Store = Arc<dyn KeyValueStore<Bytes, Bytes>>;

    const FILES: &'static [&'static str] = &[
        include_str!("../../../vectors/key_value-1.jsonl"),
        include_str!("../../../vectors/key_value-2.jsonl"),
        include_str!("../../../vectors/key_value-3.jsonl"),
        include_str!("../../../vectors/key_value-4.jsonl"),
        include_str!("../../../vectors/key_value-5.jsonl"),
        include_str!("../../../vectors/key_value-6.jsonl"),
    ];
    const ZOMBIE: [&'static str; 2] = [
        r#"{"op":"put","key":{"hex":"7a6f"},"value":{"hex":"7a"}}"#,
        r#"{"op":"get","key":{"hex":"7a6f"}}"#,
    ];

    fn definition(_settings: Line<'_>, _short: bool) -> Result<Self::Definition> {
        Ok(KeyValue::new("s").values(Raw))
    }

    fn answer<'a>(store: &'a Self::Store, line: Line<'a>) -> BoxFuture<'a, Result<Value>> {
        async move {
            let key = || line.bytes("key");
            Ok(match line.op() {
                "get" => to_json(store.get(&key()?).await?),
                "put" => {
                    match line.nullable_bytes("value")? {
                        Some(value) => store.put(&key()?, &value).await?,
                        None => drop(store.delete(&key()?).await?),
                    }
                    Value::Null
                }
                "delete" => to_json(store.delete(&key()?).await?),
                "put_if_absent" => match line.nullable_bytes("value")? {
                    Some(value) => to_json(store.put_if_absent(&key()?, &value).await?),
                    None => to_json(store.get(&key()?).await?),
                },
                "put_all" => {
                    store.put_all(line.entries()?).await?;
                    Value::Null
                }
                "range" => {
                    let (from, to) = (line.nullable_bytes("from")?, line.nullable_bytes("to")?);
                    rows(store.range(from, to, line.order())).await?
                }
                "prefix" => rows(store.prefix(&line.bytes("prefix")?, line.order())?).await?,
                "count" => {
                    store.all().try_fold(0_u64, async |count, _| Ok(count + 1)).await?.into()
                }
                other => bail!("no key-value store can {other}"),
            })
        }
        .boxed()
    }
}

async fn rows(rows: BoxStream<'static, store_core::Result<(Bytes, Bytes)>>) -> Result<Value> {
    let row = |(key, value)| json!([to_json(Some(key)), to_json(Some(value))]);
    Ok(rows.map_ok(row).try_collect::<Vec<_>>().await?.into())
}
