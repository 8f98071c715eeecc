//! Stored bytes that are not what the store makes (F).

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use store_core::{Error, Task, Writes, codec::Raw, prelude::*};

use crate::{
    Context,
    cases::tools::{MapsOf, bytes, rows},
};

static NUMBERS: KeyValue<String, u64> = KeyValue::new("numbers");
static TIMED: TimestampedKeyValue<String, Bytes, Raw> =
    TimestampedKeyValue::new("timed").values(Raw);

/// Puts bytes under a key as no store would.
async fn plant<D: StoreDefinition + Sync>(task: &Task, definition: &D, value: &[u8]) -> Result<()> {
    let maps = task.store(&MapsOf(definition))?;
    let key = bytes("bad");
    maps.lock(key.clone()).await?.write(Writes::new().put(None, key, bytes(value))).await?;
    Ok(())
}

fn undecodable<T>(what: &str, answer: Result<T, Error>) -> Result<()> {
    let Err(error) = answer else { anyhow::bail!("{what} takes them for a value") };
    ensure!(error.kind() == ErrorKind::Decode, "{what}: {error}");
    ensure!(!format!("{error:?}").contains("secret"), "{what} shows a value: {error:?}");
    Ok(())
}

/// Every read of such a key says so, alone and among others; keys beside it are read.
pub(crate) async fn is_told_by_every_read(context: Context) -> Result<()> {
    let task = context.task().await?.store(&NUMBERS).open().await?;
    let store = task.store(&NUMBERS)?;
    let [bad, good] = ["bad", "good"].map(str::to_owned);
    store.put(&good, &7).await?;
    plant(&task, &NUMBERS, b"\"secret\"").await?;
    for stage in ["buffered", "committed"] {
        undecodable("get", store.get(&bad).await)?;
        undecodable("contains", store.contains(&bad).await)?;
        undecodable("get_many", store.get_many(&[good.clone(), bad.clone()]).await)?;
        undecodable("all", store.all().try_collect::<Vec<_>>().await)?;
        let range = store.range(Some(bad.clone()), None, Order::Backward);
        undecodable("range", range.try_collect::<Vec<_>>().await)?;
        undecodable("prefix", store.prefix("b", Order::Forward)?.try_collect::<Vec<_>>().await)?;
        undecodable("delete", store.delete(&bad).await)?;
        undecodable("update", store.update(&bad, |_| Some(1)).await)?;
        undecodable("put_if_absent", store.put_if_absent(&bad, &1).await)?;
        ensure!(store.get(&good).await? == Some(7), "{stage}");
        ensure!(rows(store.range(Some(good.clone()), None, Order::Forward)).await?.len() == 1);
        task.commit(()).await?;
    }
    let reader = context.read().await?.store(&NUMBERS).await?;
    undecodable("a reader's get", reader.get(&bad).await)?;
    undecodable("a reader's all", reader.all().try_collect::<Vec<_>>().await)?;
    // It can still be replaced.
    store.put(&bad, &8).await?;
    task.commit(()).await?;
    ensure!(reader.get(&bad).await? == Some(8));
    Ok(())
}

/// A value of a timestamped store without room for its time.
pub(crate) async fn without_its_envelope(context: Context) -> Result<()> {
    let task = context.task().await?.store(&TIMED).open().await?;
    let store = task.store(&TIMED)?;
    let bad = "bad".to_owned();
    for planted in [&b""[..], b"secret", b"1234567"] {
        plant(&task, &TIMED, planted).await?;
        for _ in 0..2 {
            undecodable("get", store.get(&bad).await)?;
            undecodable("all", store.all().try_collect::<Vec<_>>().await)?;
            undecodable("delete", store.delete(&bad).await)?;
            task.commit(()).await?;
        }
        let reader = context.read().await?;
        undecodable("a reader", reader.store(&TIMED).await?.get(&bad).await)?;
        let stored = reader.maps("timed").await?.get(None, &bytes("bad")).await?;
        ensure!(stored.as_deref() == Some(planted), "a failed read changed the bytes: {stored:?}");
    }
    Ok(())
}
