//! Conversations with session stores.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail};
use bytes::Bytes;
use futures::{FutureExt, TryStreamExt, future::BoxFuture};
use serde_json::{Value, json};
use store_core::{codec::Raw, prelude::*};

use super::{
    Recorded,
    line::{Line, to_json},
};

pub(crate) struct Sessions;

impl Recorded for Sessions {
    type Definition = Session<Bytes, Bytes, Raw>;
    type Store = Arc<dyn SessionStore<Bytes, Bytes>>;

    const FILES: &'static [&'static str] = &[
        include_str!("../../../vectors/session-1.jsonl"),
        include_str!("../../../vectors/session-2.jsonl"),
        include_str!("../../../vectors/session-3.jsonl"),
        include_str!("../../../vectors/session-4.jsonl"),
        include_str!("../../../vectors/session-5.jsonl"),
        include_str!("../../../vectors/session-6.jsonl"),
    ];
    const ZOMBIE: [&'static str; 2] = [
        r#"{"op":"session_put","key":{"hex":"7a6f"},"start":1000000000,"end":1000000000,"value":{"hex":"7a"}}"#,
        r#"{"op":"session_get","key":{"hex":"7a6f"},"start":1000000000,"end":1000000000}"#,
    ];

    fn definition(settings: Line<'_>, short: bool) -> Result<Self::Definition> {
        let session = Session::new("s", settings.duration("retention_ms")?).values(Raw);
        Ok(if short { session.segments(Duration::from_millis(7)) } else { session })
    }

    fn answer<'a>(store: &'a Self::Store, line: Line<'a>) -> BoxFuture<'a, Result<Value>> {
        async move {
            let key = || line.bytes("key");
            let order = line.order();
            let session = || anyhow::Ok(SessionWindow::new(line.time("start")?, line.time("end")?));
            let times = || anyhow::Ok((line.time("earliest_end")?, line.time("latest_start")?));
            Ok(match line.op() {
                "session_put" => {
                    let value = line.nullable_bytes("value")?;
                    store.put(&key()?, session()?, value.as_ref()).await?;
                    Value::Null
                }
                "session_remove" => {
                    store.remove(&key()?, session()?).await?;
                    Value::Null
                }
                "session_get" => to_json(store.get(&key()?, session()?).await?),
                "session_find" => {
                    let ((earliest_end, latest_start), key) = (times()?, key()?);
                    let row = |(at, value)| row(key.clone(), at, value);
                    let rows = store.find(&key, earliest_end, latest_start, order).map_ok(row);
                    rows.try_collect::<Vec<_>>().await?.into()
                }
                "session_find_keys" => {
                    let (earliest_end, latest_start) = times()?;
                    let from_key = line.nullable_bytes("from_key")?;
                    let to_key = line.nullable_bytes("to_key")?;
                    let rows = store.find_keys(from_key, to_key, earliest_end, latest_start, order);
                    let rows = rows.map_ok(|(key, at, value)| row(key, at, value));
                    rows.try_collect::<Vec<_>>().await?.into()
                }
                other => bail!("no session store can {other}"),
            })
        }
        .boxed()
    }
}

fn row(key: Bytes, at: SessionWindow, value: Bytes) -> Value {
    json!([to_json(Some(key)), at.start, at.end, to_json(Some(value))])
}
