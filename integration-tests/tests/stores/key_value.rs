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

pub(crate) async fn units_are_whole_after_a_take_over(place: Place) -> Result<()> {
    let old = place.database().await?.task("app", 0).store(&COUNTS).open().await?;
    let counts = old.store(&COUNTS)?;
    for position in [0, 1, 3] {
        let Some(unit) = old.begin("s", position).await? else { continue };
        counts.update(&"n".to_owned(), |n| Some(n.unwrap_or(0) + 1)).await?;
        unit.finish()?;
    }
    old.commit(()).await?;
    let new = place.database().await?.task("app", 0).store(&COUNTS).open().await?;
    let counts = new.store(&COUNTS)?;
    let mut processed = Vec::new();
    for position in 0..5 {
        let Some(unit) = new.begin("s", position).await? else { continue };
        counts.update(&"n".to_owned(), |n| Some(n.unwrap_or(0) + 1)).await?;
        unit.finish()?;
        processed.push(position);
    }
    new.commit(()).await?;
    ensure!(processed == [2, 4], "{processed:?}");
    ensure!(counts.get(&"n".to_owned()).await? == Some(5));
    ensure!(old.commit(()).await.err().map(|e| e.kind()) == Some(ErrorKind::Fenced));
    Ok(())
}
