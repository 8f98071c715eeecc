//! Values of many types come back as they were, by whichever way.

use std::{collections::BTreeMap, fmt::Debug};

use anyhow::{Result, ensure};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use store_core::{
    EngineConfig,
    codec::{Json, Raw},
    prelude::*,
};

use crate::{
    Context,
    cases::key_value::{
        tools::{Life, RAW, View, bytes, refused, rows, same},
        watched::Watched,
    },
};

/// Whether a value comes back as it was, and is not absent.
async fn unchanged<V>(context: &Context, name: &str, value: V) -> Result<()>
where
    V: Clone + PartialEq + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let definition = KeyValue::new("").values(Json).named(name.to_owned());
    let open = async || anyhow::Ok(context.task().await?.store(&definition).open().await?);
    let task = open().await?;
    let store = task.store(&definition)?;
    same(&store.get(&1_u32).await?, &None)?;
    store.put(&1, &value).await?;
    View::new("buffered", store.clone()).holds(&[(1, value.clone())]).await?;
    task.commit(()).await?;
    View::new("committed", store).holds(&[(1, value.clone())]).await?;
    let store = open().await?.store(&definition)?;
    View::new("owned anew", store.clone()).holds(&[(1, value)]).await?;
    ensure!(store.contains(&1).await? && !store.contains(&2).await?, "{name}");
    Ok(())
}

pub(crate) async fn empty_ones_are_not_absent(context: Context) -> Result<()> {
    unchanged(&context, "zero", 0_u64).await?;
    unchanged(&context, "false", false).await?;
    unchanged(&context, "text", String::new()).await?;
    unchanged::<Option<u32>>(&context, "none", None).await?;
    unchanged(&context, "unit", ()).await?;
    unchanged::<Vec<u8>>(&context, "list", Vec::new()).await?;
    unchanged::<BTreeMap<String, u8>>(&context, "map", BTreeMap::new()).await
}

pub(crate) async fn numbers_at_their_ends(context: Context) -> Result<()> {
    unchanged(&context, "signed", vec![i64::MIN, -1, 0, (1 << 53) + 1, i64::MAX]).await?;
    unchanged(&context, "unsigned", vec![0, (1 << 53) + 1, u64::MAX]).await?;
    static FLOATS: KeyValue<u32, f64> = KeyValue::new("floats");
    let old = 0.1_f64;
    for (n, float) in (0_u32..).zip([
        -0.0,
        f64::MIN_POSITIVE / 3.0,
        f64::MAX,
        f64::EPSILON,
        9_007_199_254_740_993.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ]) {
        let life = Life::with(&context, &FLOATS, [(n, old)]).await?;
        let expected = match life.store.put(&n, &float).await {
            Err(error) => {
                ensure!(error.kind() == ErrorKind::Encode && !float.is_finite(), "{error}");
                old
            }
            Ok(()) => float,
        };
        life.task.commit(()).await?;
        let found = context.read().await?.store(&FLOATS).await?.get(&n).await?;
        same(&found.map(f64::to_bits), &Some(expected.to_bits()))?;
    }
    Ok(())
}

pub(crate) async fn the_same_by_every_way(context: Context) -> Result<()> {
    static TIMES: TimestampedKeyValue<Bytes, Bytes, Raw> =
        TimestampedKeyValue::new("times").values(Raw);
    let entry = (bytes("k"), (0..=255).collect::<Bytes>());
    let (key, value) = entry.clone();
    let mut life = Life::with(&context, &RAW, [entry.clone()]).await?;
    while let Some(view) = life.next().await? {
        same(&view.get(&key).await?, &Some(value.clone()))?;
        same(&view.get_many(std::slice::from_ref(&key)).await?, &vec![Some(value.clone())])?;
        for scan in [
            view.all(),
            view.range(Some(key.clone()), None, Order::Backward),
            view.prefix(b"k", Order::Forward)?,
        ] {
            same(&rows(scan).await?, &vec![entry.clone()])?;
        }
    }
    let store = &life.store;
    same(&store.put_if_absent(&key, &bytes("")).await?, &Some(value.clone()))?;
    same(&store.modify(&key, |old| (old.clone(), old)).await?, &Some(Some(value.clone())))?;
    same(&store.delete(&key).await?, &Some(value.clone()))?;
    // Neither does a time beside the value change it.
    let task = context.task().await?.store(&TIMES).open().await?;
    let times = task.store(&TIMES)?;
    let stamped = Timestamped::new(value, -7);
    times.put(&key, &stamped).await?;
    task.commit(()).await?;
    same(&times.get(&key).await?, &Some(stamped.clone()))?;
    same(&rows(times.all()).await?, &vec![(key, stamped)])
}

/// JSON has no maps with such keys.
static PAIRS: KeyValue<u32, BTreeMap<(u8, u8), u8>> = KeyValue::new("pairs");

pub(crate) async fn what_cannot_be_encoded(context: Context) -> Result<()> {
    let watched = Watched::new(&context).await?;
    let database = watched.database(EngineConfig::default())?;
    let task = database.task("app", 0).store(&PAIRS).open().await?;
    let store = task.store(&PAIRS)?;
    let (old, bad) = (BTreeMap::new(), BTreeMap::from([((1, 2), 3)]));
    store.put(&1, &old).await?;
    for committed in [false, true] {
        let before = task.buffered_bytes();
        watched.take();
        refused(store.put(&1, &bad).await, ErrorKind::Encode)?;
        refused(store.put_if_absent(&2, &bad).await, ErrorKind::Encode)?;
        let entries = vec![(2, Some(old.clone())), (1, Some(bad.clone()))];
        refused(store.put_all(entries).await, ErrorKind::Encode)?;
        let calls = watched.take();
        ensure!(calls.gets.is_empty() && calls.commits.is_empty(), "asked before it was refused");
        refused(store.update(&1, |_| Some(bad.clone())).await, ErrorKind::Encode)?;
        ensure!(task.buffered_bytes() == before, "committed: {committed}");
        task.commit(()).await?;
        View::new("refused", store.clone()).holds(&[(1, old.clone())]).await?;
    }
    Ok(())
}
