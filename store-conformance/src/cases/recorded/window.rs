//! Conversations with window stores, with and without duplicates.

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

/// Conversations with stores that keep duplicates, or that do not.
pub(crate) struct Windows<const DUPLICATES: bool>;

impl<const DUPLICATES: bool> Recorded for Windows<DUPLICATES> {
    type Definition = Window<Bytes, Bytes, Raw>;
    type Store = Arc<dyn WindowStore<Bytes, Bytes>>;

    const FILES: &'static [&'static str] = if DUPLICATES { DUPLICATES_KEPT } else { PLAIN };
    const ZOMBIE: [&'static str; 2] = [
        r#"{"op":"window_put","key":{"hex":"7a6f"},"start":1000000000,"value":{"hex":"7a"}}"#,
        r#"{"op":"window_get","key":{"hex":"7a6f"},"start":1000000000}"#,
    ];

    fn definition(settings: Line<'_>, short: bool) -> Result<Self::Definition> {
        let (size, retention) = (settings.duration("size_ms")?, settings.duration("retention_ms")?);
        let mut window = Window::new("s", size, retention).values(Raw);
        if settings.flag("retain_duplicates") {
            window = window.duplicates();
        }
        Ok(if short { window.segments(Duration::from_millis(7)) } else { window })
    }

    fn answer<'a>(store: &'a Self::Store, line: Line<'a>) -> BoxFuture<'a, Result<Value>> {
        async move {
            let key = || line.bytes("key");
            let order = line.order();
            let times = || anyhow::Ok((line.time("from")?, line.time("to")?));
            let rows = match line.op() {
                "window_put" => {
                    let value = line.nullable_bytes("value")?;
                    store.put(&key()?, line.time("start")?, value.as_ref()).await?;
                    return Ok(Value::Null);
                }
                "window_get" => return Ok(to_json(store.get(&key()?, line.time("start")?).await?)),
                "window_fetch" => {
                    let ((from, to), key) = (times()?, key()?);
                    let row = |(start, value)| row(key.clone(), start, value);
                    let rows = store.fetch(&key, from, to, order).map_ok(row);
                    return Ok(rows.try_collect::<Vec<_>>().await?.into());
                }
                "window_fetch_keys" => {
                    let (from, to) = times()?;
                    let from_key = line.nullable_bytes("from_key")?;
                    store.fetch_keys(from_key, line.nullable_bytes("to_key")?, from, to, order)
                }
                "window_fetch_all" => {
                    let (from, to) = times()?;
                    store.fetch_all(from, to, order)
                }
                "window_all" => store.all(order),
                other => bail!("no window store can {other}"),
            };
            let rows = rows.map_ok(|(at, value)| row(at.key, at.start, value));
            Ok(rows.try_collect::<Vec<_>>().await?.into())
        }
        .boxed()
    }
}

fn row(key: Bytes, start: i64, value: Bytes) -> Value {
    json!([to_json(Some(key)), start, to_json(Some(value))])
}

const PLAIN: &[&str] = &[
    include_str!("../../../vectors/window-1.jsonl"),
    include_str!("../../../vectors/window-2.jsonl"),
    include_str!("../../../vectors/window-3.jsonl"),
    include_str!("../../../vectors/window-4.jsonl"),
    include_str!("../../../vectors/window-5.jsonl"),
    include_str!("../../../vectors/window-6.jsonl"),
];

const DUPLICATES_KEPT: &[&str] = &[
    include_str!("../../../vectors/window_duplicates-1.jsonl"),
    include_str!("../../../vectors/window_duplicates-2.jsonl"),
    include_str!("../../../vectors/window_duplicates-3.jsonl"),
    include_str!("../../../vectors/window_duplicates-4.jsonl"),
    include_str!("../../../vectors/window_duplicates-5.jsonl"),
    include_str!("../../../vectors/window_duplicates-6.jsonl"),
];
