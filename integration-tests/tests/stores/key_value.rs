//! Key-value stores.

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{TryStreamExt, future::try_join_all};
use integration_tests::Place;
use store::{codec::Raw, prelude::*};

pub(crate) static RAW: KeyValue<Bytes, Bytes, Raw> = KeyValue::new("raw").values(Raw);
static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

pub(crate) async fn awkward_keys_and_values(place: Place) -> Result<()> {
    let keys: Vec<Bytes> = [
        &b""[..],
        b"\0",
        b"\0\0",
        b"\0\xff",
        b":{}*'\"\\",
        b"\x7f",
        b"\x80",
        b"\xff",
        b"\xff\0",
        b"\xff\xff",
    ]
    .map(bytes)
    .into();
    let value = |n: usize| if n.is_multiple_of(3) { bytes("") } else { bytes([0xff, 0, 1]) };
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    for (n, key) in keys.iter().enumerate().rev() {
        store.put(key, &value(n)).await?;
    }
    let check = async |store: &dyn KeyValueStore<Bytes, Bytes>| {
        let all: Vec<_> = store.all().try_collect().await?;
        ensure!(all.iter().map(|(key, _)| key).eq(&keys), "order");
        let mut backward: Vec<_> = store.range(None, None, Order::Backward).try_collect().await?;
        backward.reverse();
        ensure!(all == backward, "the mirror");
        for (n, key) in keys.iter().enumerate() {
            ensure!(store.get(key).await? == Some(value(n)), "key {n}");
        }
        Ok(())
    };
    check(&*store).await?;
    task.commit(()).await?;
    check(&*store).await?;
    drop((task, store));
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    check(&*task.store(&RAW)?).await
}

pub(crate) async fn inverted_ranges_are_empty(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    for key in ["1", "2", "3"] {
        store.put(&bytes(key), &bytes("")).await?;
    }
    for committed in [false, true] {
        for order in [Order::Forward, Order::Backward] {
            let range = store.range(Some(bytes("3")), Some(bytes("1")), order);
            ensure!(range.try_collect::<Vec<_>>().await?.is_empty(), "{committed} {order:?}");
            let one = store.range(Some(bytes("2")), Some(bytes("2")), order);
            ensure!(one.try_collect::<Vec<_>>().await?.len() == 1);
        }
        task.commit(()).await?;
    }
    Ok(())
}

pub(crate) async fn prefixes_of_high_bytes(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let keys: [&[u8]; 6] = [b"\0\xff", b"\x01", b"\xfe", b"\xff", b"\xff\0", b"\xff\xff"];
    store.put_all(keys.map(|key| (bytes(key), Some(bytes("")))).into()).await?;
    task.commit(()).await?;
    let found = async |prefix: &[u8]| {
        let found = store.prefix(prefix, Order::Forward)?;
        let found: Vec<_> = found.map_ok(|(key, _)| key).try_collect().await?;
        anyhow::Ok(found)
    };
    ensure!(found(b"\xff").await? == keys[3..]);
    ensure!(found(b"\xff\xff").await? == keys[5..]);
    ensure!(found(b"\0\xff").await? == keys[..1]);
    ensure!(found(b"").await?.len() == 6);
    Ok(())
}

pub(crate) async fn put_all_is_all_or_nothing(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let long = bytes(vec![b'x'; store::PORTABLE_KEY_BYTES + 1]);
    let entries = vec![(bytes("a"), Some(bytes("1"))), (long, Some(bytes("2")))];
    let error = store.put_all(entries).await.err().map(|error| error.kind());
    ensure!(error == Some(ErrorKind::TooLarge), "{error:?}");
    ensure!(store.get(&bytes("a")).await?.is_none());
    let many = (0..10_000_u32).map(|n| (bytes(n.to_be_bytes()), Some(bytes([0; 100]))));
    store.put_all(many.collect()).await?;
    store.put_all(vec![(bytes("a"), Some(bytes("1"))), (bytes("a"), None)]).await?;
    task.commit(()).await?;
    ensure!(store.all().try_fold(0, async |n, _| Ok(n + 1)).await? == 10_000);
    Ok(())
}

pub(crate) async fn updates_while_commits_run(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&COUNTS).open().await?;
    let counts = task.store(&COUNTS)?;
    let workers = (0..64_u32).map(|worker| {
        let counts = counts.clone();
        let work = async move {
            for n in 0..30 {
                let key = ((worker + n) % 10).to_string();
                counts.update(&key, |n| Some(n.unwrap_or(0) + 1)).await?;
            }
            Ok::<_, Error>(())
        };
        tokio::spawn(work)
    });
    let workers = try_join_all(workers);
    let commits = async {
        for n in 0..10 {
            task.commit([("s", n)]).await?;
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    };
    let (done, committed) = futures::future::join(workers, commits).await;
    committed?;
    done?.into_iter().collect::<store::Result<Vec<()>>>()?;
    task.commit(()).await?;
    drop((task, counts));
    let task = place.database().await?.task("app", 0).store(&COUNTS).open().await?;
    let all: Vec<_> = task.store(&COUNTS)?.all().try_collect().await?;
    ensure!(all.len() == 10 && all.iter().all(|(_, count)| *count == 192), "{all:?}");
    Ok(())
}

pub(crate) async fn several_stores_commit_as_one(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RAW).store(&COUNTS).open().await?;
    let (raw, counts) = (task.store(&RAW)?, task.store(&COUNTS)?);
    raw.put(&bytes("k"), &bytes("v")).await?;
    counts.put(&"k".to_owned(), &1).await?;
    task.rollback().await?;
    ensure!(raw.get(&bytes("k")).await?.is_none());
    ensure!(counts.get(&"k".to_owned()).await?.is_none());
    raw.put(&bytes("k"), &bytes("v")).await?;
    counts.put(&"k".to_owned(), &2).await?;
    task.commit([("s", 1)]).await?;
    let read = place.database().await?.read("app", 0).await?;
    ensure!(read.store(&RAW).await?.get(&bytes("k")).await? == Some(bytes("v")));
    ensure!(read.store(&COUNTS).await?.get(&"k".to_owned()).await? == Some(2));
    ensure!(read.checkpoint().await?.offsets["s"] == 1);
    Ok(())
}
