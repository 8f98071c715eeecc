//! Which commits a search sees.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use store_core::{
    Task,
    prelude::*,
    search::{Condition, FieldType, Query},
};

use super::{Store, fill, finds, found, open, reader, refused, text, whole, with_text};
use crate::{
    Context, Outcome,
    search::{SAMPLES, Sample, TEXT, WHOLE},
    waist::key,
};

/// Not what is buffered or rolled back; what is overwritten by its new fields only; and the number is that of the commit.
pub(crate) async fn committed_only(context: Context) -> Result<Outcome> {
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let (task, store) = open(&context).await?;
    ensure!(found(&*store, Query::all()).await?.is_empty(), "a new store has entries");
    store.put(&key("a"), &text("one")).await?;
    ensure!(found(&*store, Query::all()).await?.is_empty(), "a buffered write is found");
    task.rollback().await?;
    fill(&task, &store, [("b", text("one")), ("c", text("one"))]).await?;
    let early = reader(&context).await?;
    let is = |name| Condition::term(TEXT, name);
    finds(&context, &store, [(with_text().into(), "b c"), (is("one").into(), "b c")]).await?;
    for round in 0..5_i64 {
        store.put(&key("b"), &text("two")).await?;
        store.delete(&key("c")).await?;
        ensure!(found(&*store, is("one")).await? == "b c", "an uncommitted change is seen");
        task.commit(()).await?;
        let queries = [(is("one").into(), ""), (is("two").into(), "b"), (Query::all(), "b")];
        finds(&context, &store, queries).await?;
        ensure!(found(&*early, is("two")).await? == "b", "a reader that was open does not see it");
        fill(&task, &store, [("b", text("one")), ("c", text("one"))]).await?;
        ensure!(
            found(&*early, is("one")).await? == "b c",
            "a reader that was open does not see it"
        );
        let committed = task.checkpoint()?.sequence;
        ensure!(committed == u64::try_from(3 + 2 * round)?, "the commit is {committed}");
        for (who, seen) in [
            ("the owner", store.search(&Query::all()).await?.sequence()),
            ("a reader", early.search(&Query::all()).await?.sequence()),
        ] {
            ensure!(seen == committed, "{who} sees up to {seen}, and {committed} is committed");
        }
    }
    let (_later, new) = open(&context).await?;
    ensure!(found(&*new, is("one")).await? == "b c", "a later owner does not find it");
    Ok(Outcome::Passed)
}

/// Every entry that is found has a value that fulfils the query, and nothing acknowledged before is missed.
pub(crate) async fn meanwhile(context: Context) -> Result<Outcome> {
    const ROUNDS: i64 = 20;
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let (task, store) = open(&context).await?;
    put_round(&task, &store, 0).await?;
    let reader = reader(&context).await?;
    let acknowledged = AtomicI64::new(0);
    let writes = async {
        for round in 1..=ROUNDS {
            put_round(&task, &store, round).await?;
            acknowledged.store(round, Ordering::SeqCst);
        }
        anyhow::Ok(())
    };
    let searches = async {
        loop {
            let last = acknowledged.load(Ordering::SeqCst);
            let done = u64::try_from(last)? + 1;
            // What was committed by now, and anything later.
            let query = Query::new(Condition::range(WHOLE, last..));
            for store in [&*reader, &*store as &dyn ReadOnlyKeyValueStore<_, _>] {
                let found = store.search(&query).await?;
                let seen = found.sequence();
                ensure!(seen >= done, "sees up to {seen}, and {done} was acknowledged");
                let found: BTreeMap<Bytes, Sample> = found.try_collect().await?;
                let old = found.values().filter(|sample| sample.inner.whole < Some(last)).count();
                ensure!(old == 0, "{old} entries are found that do not fulfil the query");
                let lacks = keys().filter(|key| !found.contains_key(key)).count();
                ensure!(lacks == 0, "{lacks} acknowledged entries are not found");
            }
            if last == ROUNDS {
                return anyhow::Ok(());
            }
            tokio::task::yield_now().await;
        }
    };
    futures::try_join!(writes, searches)?;
    Ok(Outcome::Passed)
}

fn keys() -> impl Iterator<Item = Bytes> {
    (0..20_u8).map(|n| Bytes::from(vec![n]))
}

async fn put_round(task: &Task, store: &Store, round: i64) -> Result<()> {
    store.put_all(keys().map(|key| (key, Some(whole(round)))).collect()).await?;
    task.commit(()).await?;
    Ok(())
}

/// Entries of another store, whose values have times, another task, and an earlier life of the task are not found.
pub(crate) async fn apart(context: Context) -> Result<Outcome> {
    static OTHERS: TimestampedKeyValue<Bytes, Sample> =
        TimestampedKeyValue::new("others").indexed(TEXT, FieldType::Text);
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let database = context.database().await?;
    let task = database.task("app", 0).store(&SAMPLES).store(&OTHERS).open().await?;
    let (store, others) = (task.store(&SAMPLES)?, task.store(&OTHERS)?);
    others.put(&key("o"), &Timestamped::new(text("x"), 5)).await?;
    fill(&task, &store, [("s", text("x"))]).await?;
    let next = database.task("app", 1).store(&SAMPLES).open().await?;
    fill(&next, &next.store(&SAMPLES)?, [("n", text("x"))]).await?;
    let other = database.task("app2", 0).store(&SAMPLES).open().await?;
    fill(&other, &other.store(&SAMPLES)?, [("p", text("x"))]).await?;
    let x = Condition::term(TEXT, "x");
    for query in [Query::all(), x.into(), Query::new(with_text()).descending(TEXT)] {
        finds(&context, &store, [(query.clone(), "s")]).await?;
        let timed: Vec<_> = others.search(&query).await?.try_collect().await?;
        ensure!(timed == [(key("o"), Timestamped::new(text("x"), 5))], "the other store's");
        ensure!(found(&*next.store(&SAMPLES)?, query).await? == "n", "the other task's");
    }
    drop((task, store, others));
    database.destroy("app", 0).await?;
    let (task, store) = open(&context).await?;
    ensure!(found(&*store, Query::all()).await?.is_empty(), "an earlier life is found");
    fill(&task, &store, [("new", text("x"))]).await?;
    finds(&context, &store, [(with_text().into(), "new")]).await?;
    Ok(Outcome::Passed)
}

/// A store that is opened with a field more, and without any.
pub(crate) async fn new_fields(context: Context) -> Result<Outcome> {
    static PLAIN: KeyValue<Bytes, Sample> = KeyValue::new("samples");
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let database = context.database().await?;
    let plain = database.task("app", 0).store(&PLAIN).open().await?;
    let store = plain.store(&PLAIN)?;
    fill(&plain, &store, [("a", text("x")), ("b", text("x")), ("c", text("x"))]).await?;
    ensure!(found(&*store, Query::all()).await? == "a b c", "entries without fields");

    let (task, store) = open(&context).await?;
    fill(&task, &store, [("d", text("x"))]).await?;
    finds(&context, &store, [(with_text().into(), "d"), ((!with_text()).into(), "a b c")]).await?;
    let mut from = None;
    loop {
        from = store.reindex(from, 2).await?;
        task.commit(()).await?;
        if from.is_none() {
            break;
        }
    }
    finds(&context, &store, [(with_text().into(), "a b c d"), ((!with_text()).into(), "")]).await?;

    let plain = database.task("app", 0).store(&PLAIN).open().await?;
    let store = plain.store(&PLAIN)?;
    fill(&plain, &store, [("a", text("y"))]).await?;
    let told = store.search(&with_text().into()).await.err().map(|error| error.kind());
    ensure!(told == Some(ErrorKind::InvalidArgument), "a field left out gave {told:?}");
    let (task, store) = open(&context).await?;
    // Its fields went with the value that was put without them.
    let queries =
        [(Query::new(with_text()), "b c d"), (Query::new(Condition::term(TEXT, "x")), "b c d")];
    task.commit(()).await?;
    finds(&context, &store, queries).await?;
    Ok(Outcome::Passed)
}
