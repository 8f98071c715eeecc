//! Conversations with versioned stores.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use store_core::{codec::Raw, prelude::*};

use super::{
    Recorded,
    line::{Line, to_json},
};

pub(crate) struct Versions;

impl Recorded for Versions {
    type Definition = VersionedKeyValue<Bytes, Bytes, Raw>;
    type Store = Arc<dyn VersionedKeyValueStore<Bytes, Bytes>>;

    const FILES: &'static [&'static str] = &[
        include_str!("../../../vectors/versioned-1.jsonl"),
        include_str!("../../../vectors/versioned-3.jsonl"),
        include_str!("../../../vectors/versioned-4.jsonl"),
        include_str!("../../../vectors/versioned-5.jsonl"),
        include_str!("../../../vectors/versioned-6.jsonl"),
        include_str!("../../../vectors/versioned-7.jsonl"),
    ];
    const ZOMBIE: [&'static str; 2] = [
        r#"{"op":"versioned_put","key":{"hex":"7a6f"},"time":1000000000,"value":{"hex":"7a"}}"#,
        r#"{"op":"versioned_get","key":{"hex":"7a6f"},"as_of":1000000000}"#,
    ];

    fn definition(settings: Line<'_>, short: bool) -> Result<Self::Definition> {
        let history = settings.duration("history_ms")?;
        let versioned = VersionedKeyValue::new("s", history).values(Raw);
        Ok(if short { versioned.segments(Duration::from_millis(7)) } else { versioned })
    }

    fn answer<'a>(store: &'a Self::Store, line: Line<'a>) -> BoxFuture<'a, Result<Value>> {
        async move {
            let key = line.bytes("key")?;
            Ok(match line.op() {
                "versioned_put" => {
                    let value = line.nullable_bytes("value")?;
                    match store.put(&key, value.as_ref(), line.time("time")?).await? {
                        VersionedPut::Latest => "latest".into(),
                        VersionedPut::ValidTo(time) => time.into(),
                        VersionedPut::Late => "not_put".into(),
                    }
                }
                "versioned_get" if line.0["as_of"].is_null() => record(store.get(&key).await?),
                "versioned_get" => record(store.get_as_of(&key, line.time("as_of")?).await?),
                "versioned_delete" => record(store.delete(&key, line.time("time")?).await?),
                other => bail!("no versioned store can {other}"),
            })
        }
        .boxed()
    }
}

fn record(record: Option<VersionedRecord<Bytes>>) -> Value {
    record.map_or(Value::Null, |VersionedRecord { value, time, valid_to }| {
        json!([to_json(Some(value)), time, valid_to])
    })
}
