//! Reading tasks that others own, and stores as another kind (IQ, HD).

use anyhow::{Result, ensure};
use store_core::prelude::*;

use crate::{
    Context,
    cases::tools::{RAW, bytes, committed, delete, holds, open, put, rows},
};

pub(crate) async fn hits_and_misses(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("k", "v"), ("empty", "")]).await?;
    task.commit(()).await?;
    let reader = committed(&context).await?;
    ensure!(reader.get(&bytes("k")).await? == Some(bytes("v")));
    ensure!(reader.get(&bytes("empty")).await? == Some(bytes("")));
    ensure!(reader.get(&bytes("absent")).await?.is_none());
    ensure!(reader.contains(&bytes("k")).await? && !reader.contains(&bytes("absent")).await?);
    Ok(())
}

pub(crate) async fn ranges_as_the_owner(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &["1", "2", "3", "4", "5"].map(|key| (key, "v"))).await?;
    task.commit(()).await?;
    delete(&store, &["3"]).await?;
    task.commit(()).await?;
    let reader = committed(&context).await?;
    let ends = [None, Some("2"), Some("3"), Some("4")];
    for (from, to) in [0, 1, 2, 3].map(|from| ends.map(|to| (ends[from], to))).concat() {
        for order in [Order::Forward, Order::Backward] {
            let found = rows(reader.range(from.map(bytes), to.map(bytes), order)).await?;
            let own = rows(store.range(from.map(bytes), to.map(bytes), order)).await?;
            ensure!(found == own, "{from:?} to {to:?} {order:?}: {found:?}, the owner {own:?}");
            let mut expected: Vec<_> = ["1", "2", "4", "5"]
                .into_iter()
                .filter(|key| {
                    from.is_none_or(|from| from <= *key) && to.is_none_or(|to| *key <= to)
                })
                .map(bytes)
                .collect();
            if order == Order::Backward {
                expected.reverse();
            }
            ensure!(own.into_iter().map(|(key, _)| key).eq(expected), "{from:?} to {to:?}");
        }
    }
    Ok(())
}

pub(crate) async fn positions_never_go_back(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("k", "0")]).await?;
    task.commit([("s", 0)]).await?;
    let (read, work) = (context.read().await?, task.clone());
    let mut writer = tokio::spawn(async move {
        for position in 1..60_i64 {
            put(&store, &[("k", &position.to_string())]).await?;
            work.commit([("s", position)]).await?;
        }
        anyhow::Ok(())
    });
    let (mut last, mut written) = ((0, 0), false);
    while last.1 < 59 {
        if !written && writer.is_finished() {
            // What failed there is told; otherwise the next answer shows all of it.
            (&mut writer).await??;
            written = true;
        }
        match read.checkpoint().await {
            Ok(checkpoint) => {
                let now = (checkpoint.sequence, checkpoint.offsets["s"]);
                ensure!(now.0 >= last.0 && now.1 >= last.1, "{now:?} after {last:?}");
                last = now;
            }
            Err(error) => ensure!(error.is_retryable(), "{error}"),
        }
        tokio::task::yield_now().await;
    }
    if written { Ok(()) } else { writer.await? }
}

pub(crate) async fn a_delete_moves_positions(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("k", "v")]).await?;
    task.commit([("s", 1)]).await?;
    for (position, keys) in [(2, &["k"][..]), (3, &["absent"]), (4, &[])] {
        delete(&store, keys).await?;
        task.commit([("s", position)]).await?;
        let checkpoint = context.read().await?.checkpoint().await?;
        ensure!(checkpoint.offsets["s"] == position, "{:?}", checkpoint.offsets);
        ensure!(checkpoint.sequence == u64::try_from(position)?);
    }
    holds(&*committed(&context).await?, &[]).await
}

/// Partitions share a database, and each gives its own rows once.
pub(crate) async fn each_row_once(context: Context) -> Result<()> {
    let database = context.database().await?;
    for partition in 0..3_u32 {
        let task = database.task("app", partition).store(&RAW).open().await?;
        let mine = partition.to_string();
        put(&task.store(&RAW)?, &[("all", &mine), (&mine, "own")]).await?;
        task.commit(()).await?;
    }
    for partition in 0..3_u32 {
        let reader = database.read("app", partition).await?.store(&RAW).await?;
        let mine = partition.to_string();
        holds(&*reader, &[(&*mine, "own"), ("all", &mine)]).await?;
    }
    Ok(())
}

static TIMES: TimestampedKeyValue<String, u64> = TimestampedKeyValue::new("times");
static PLAIN: KeyValue<String, u64> = KeyValue::new("plain");

pub(crate) async fn values_keep_their_time(context: Context) -> Result<()> {
    let open = async || {
        let task = context.task().await?.store(&TIMES).open().await?;
        let store = task.store(&TIMES)?;
        anyhow::Ok((task, store))
    };
    let (task, store) = open().await?;
    let times = [i64::MIN, -1, 0, 1, i64::MAX];
    for (n, time) in (0..).zip(times) {
        store.put(&time.to_string(), &Timestamped::new(n, time)).await?;
    }
    // An older time replaces a newer one: times are kept, not judged.
    store.put(&"1".to_owned(), &Timestamped::new(7, -5)).await?;
    for stage in 0..2 {
        for (n, time) in (0..).zip(times).filter(|(_, time)| *time != 1) {
            let found = store.get(&time.to_string()).await?;
            ensure!(found == Some(Timestamped::new(n, time)), "{found:?} at {time}, stage {stage}");
        }
        ensure!(store.get(&"1".to_owned()).await? == Some(Timestamped::new(7, -5)));
        task.commit(()).await?;
    }
    let old = store.delete(&"0".to_owned()).await?;
    ensure!(old == Some(Timestamped::new(2, 0)), "{old:?}");
    store.put_all(vec![("-1".to_owned(), None)]).await?;
    task.commit(()).await?;
    let (_task, store) = open().await?;
    let found = rows(store.all()).await?;
    ensure!(found.len() == 3, "{found:?}");
    ensure!(store.get(&"0".to_owned()).await?.is_none());
    Ok(())
}

/// A store is what it was made as; it is not read as another kind, in neither direction.
pub(crate) async fn kinds_are_not_mixed(context: Context) -> Result<()> {
    static TIMES_AS_PLAIN: KeyValue<String, u64> = KeyValue::new("times");
    static PLAIN_AS_TIMES: TimestampedKeyValue<String, u64> = TimestampedKeyValue::new("plain");
    let task = context.task().await?.store(&TIMES).store(&PLAIN).open().await?;
    task.store(&TIMES)?.put(&"k".to_owned(), &Timestamped::new(1, 1)).await?;
    task.store(&PLAIN)?.put(&"k".to_owned(), &1).await?;
    task.commit(()).await?;
    let read = context.read().await?;
    for (what, error) in [
        ("reading times as plain", read.store(&TIMES_AS_PLAIN).await.err()),
        ("reading plain as times", read.store(&PLAIN_AS_TIMES).await.err()),
        ("opening times as plain", context.task().await?.store(&TIMES_AS_PLAIN).open().await.err()),
        ("opening plain as times", context.task().await?.store(&PLAIN_AS_TIMES).open().await.err()),
    ] {
        let kind = error.map(|error| error.kind());
        ensure!(kind == Some(ErrorKind::SchemaMismatch), "{what}: {kind:?}");
    }
    // Nobody was fenced by it.
    task.commit(()).await?;
    ensure!(read.store(&PLAIN).await?.get(&"k".to_owned()).await? == Some(1));
    Ok(())
}
