//! Values that are damaged where they are stored.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use store_core::{
    codec::{Codec, Raw},
    prelude::*,
};

use crate::{
    Context,
    cases::key_value::tools::{bytes, puts, refused, same},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bill {
    name: String,
    amount: u32,
}

/// Any bytes, recorded as JSON.
#[derive(Clone, Copy, Debug)]
struct AsJson;

impl Codec<Bytes> for AsJson {
    fn name(&self) -> &'static str {
        "json"
    }

    fn encode(&self, value: &Bytes) -> store_core::Result<Bytes> {
        Raw.encode(value)
    }

    fn decode(&self, bytes: Bytes) -> store_core::Result<Bytes> {
        Raw.decode(bytes)
    }
}

static BILLS: KeyValue<String, Bill> = KeyValue::new("bills");
static STORED: KeyValue<String, Bytes, AsJson> = KeyValue::new("bills").values(AsJson);

const WHOLE: &[u8] = br#"{"name":"hidden","amount":7}"#;

/// Damaged forms of a stored value, by keys that say how, and whether they can still mean something.
fn damaged() -> Vec<(String, Bytes, bool)> {
    let cut = (0..WHOLE.len()).map(|n| (format!("cut at {n:02}"), bytes(&WHOLE[..n]), false));
    let flipped = (0..WHOLE.len() * 8).map(|bit| {
        let mut value = WHOLE.to_vec();
        value[bit / 8] ^= 1 << (bit % 8);
        (format!("flipped {bit:03}"), value.into(), true)
    });
    let longer = [&b"x"[..], b"\0", b"}", b"{}", WHOLE].into_iter().enumerate();
    let longer =
        longer.map(|(n, more)| (format!("longer {n}"), [WHOLE, more].concat().into(), false));
    cut.chain(flipped).chain(longer).collect()
}

pub(crate) async fn damage_is_told(context: Context) -> Result<()> {
    let task = context.task().await?.store(&STORED).open().await?;
    let entries: Vec<_> = damaged().into_iter().map(|(key, value, _)| (key, value)).collect();
    task.store(&STORED)?.put_all(puts(entries.clone())).await?;
    task.commit(()).await?;
    let task = context.task().await?.store(&BILLS).open().await?;
    let (owner, reader) = (task.store(&BILLS)?, context.read().await?.store(&BILLS).await?);
    let stores: [&dyn ReadOnlyKeyValueStore<String, Bill>; 2] = [&*owner, &*reader];
    for store in stores {
        for (key, _, can_mean) in damaged() {
            let scanned = store.prefix(&key, Order::Forward)?.try_collect::<Vec<_>>().await;
            let errors = match store.get(&key).await {
                Ok(_) if can_mean => {
                    scanned.with_context(|| key.clone())?;
                    continue;
                }
                got => [
                    refused(got, ErrorKind::Decode)?,
                    refused(store.get_many(std::slice::from_ref(&key)).await, ErrorKind::Decode)?,
                    refused(scanned, ErrorKind::Decode)?,
                ],
            };
            for error in errors {
                let message = format!("{error} {error:?}");
                ensure!(message.contains("store bills") && message.contains(&key), "{message}");
                ensure!(!message.contains("hidden"), "a value shows: {message}");
            }
        }
    }
    // What could not be read is still there.
    let task = context.task().await?.store(&STORED).open().await?;
    let found: Vec<_> = task.store(&STORED)?.all().try_collect().await?;
    same(&found, &entries)
}
