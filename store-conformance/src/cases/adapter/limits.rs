//! What a backend says of itself, and the ends of numbers and names.

use crate::Context;
use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{
    PORTABLE_VALUE_BYTES,
    backend::{MapChange, MapId, TaskId},
};

use super::holds;
use crate::waist::{MAP, Model, Owner, key, puts, task};

/// The longest key and value that are tried, whatever is declared.
const KEY: usize = 64 << 10;
const VALUE: usize = 64 << 20;

/// A key and a value as long as declared, up to 64 KiB and 64 MiB: nothing is known of what is declared above these.
pub(crate) async fn limits_are_as_declared(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let says = owner.reader().capabilities().clone();
    ensure!(says.max_key_bytes >= 20 << 10, "keys of {} bytes", says.max_key_bytes);
    ensure!(says.max_value_bytes >= PORTABLE_VALUE_BYTES + 64, "{} bytes", says.max_value_bytes);
    let long = key(vec![b'k'; says.max_key_bytes.min(KEY)]);
    let large = Bytes::from(vec![b'v'; says.max_value_bytes.min(VALUE)]);
    let model: Model = [(long, key("1")), (key("large"), large)].into();
    owner.put(MAP, &model).await?;
    let when = format!("a key and a value as long as declared were put: {says:?}");
    holds(owner.reader(), MAP, &model, &when).await
}

pub(crate) async fn everybody_is_told_the_same(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let owner = Owner::claim(&backend, &task(0)).await?;
    let reader = backend.read(&task(0)).await?;
    let says = owner.reader().capabilities();
    ensure!(!says.backend.is_empty(), "it has no name");
    ensure!(reader.capabilities() == says, "a reader is told otherwise than the owner");
    for reader in [owner.reader(), &*reader] {
        ensure!(reader.searcher().is_some() == says.search, "search is not as declared");
    }
    let other = Owner::claim(&context.backend().await?, &task(1)).await?;
    ensure!(other.reader().capabilities() == says, "another task is told otherwise");
    Ok(())
}

/// Each map of a store has an entry of its own; dropping one takes no other, and is legal for one that is not there.
pub(crate) async fn maps_do_not_meet(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let numbers = [i64::MIN, i64::MIN + 1, -256, -1, 0, 1, 255, 1 << 32, 1 + (1 << 32), i64::MAX];
    let stores = [1, 2, 12, 256, u32::MAX];
    let segments = |store| numbers.map(|number| MapId::segment(store, number));
    let mut maps: Vec<_> = stores.into_iter().flat_map(segments).collect();
    maps.extend(stores.map(MapId::whole));
    let model = |map: &MapId| -> Model { [(key("key"), key(map.to_string()))].into() };
    // Together more than a hundred in one commit; those beside the others are only looked at once.
    let beside: Vec<_> = (1..=60).map(|number| MapId::segment(3, number * 1_000_003)).collect();
    let all = maps.iter().chain(&beside);
    let commit = owner.next(all.flat_map(|map| puts(*map, &model(map))).collect());
    owner.send(&commit).await?;
    let asked: Vec<_> = beside.iter().map(|map| (*map, key("key"))).collect();
    let found = owner.reader().get_many(&asked).await?;
    let expected = beside.iter().map(|map| Some(key(map.to_string())));
    let there = found.iter().flatten().count();
    ensure!(
        found.into_iter().eq(expected),
        "of 60 more maps that one commit wrote {there} are there"
    );
    for gone in [MapId::segment(2, 0), MapId::segment(12, i64::MIN), MapId::segment(2, 99)] {
        let commit = owner.next([(gone, MapChange::Drop)].into());
        owner.send(&commit).await?;
        maps.retain(|map| *map != gone);
        holds(owner.reader(), gone, &Model::new(), "it was dropped").await?;
        for map in &maps {
            holds(owner.reader(), *map, &model(map), &format!("{gone} was dropped")).await?;
        }
    }
    Ok(())
}

/// At the ends of partitions and of names.
pub(crate) async fn far_tasks_do_not_meet(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let (one, other) = ("n".repeat(99) + "a", "n".repeat(99) + "b");
    let mut ids = [0, 1, 255, 65_535, 65_536, 65_537, u32::MAX].map(task).to_vec();
    ids.extend([TaskId::new(&one, 0)?, TaskId::new(&other, 0)?]);
    let model = |id: &TaskId| -> Model { [(key("key"), key(id.to_string()))].into() };
    for id in &ids {
        Owner::claim(&backend, id).await?.put(MAP, &model(id)).await?;
    }
    for id in &ids {
        let reader = backend.read(id).await?;
        holds(&*reader, MAP, &model(id), &format!("task {id}, beside others")).await?;
    }
    let listed = backend.tasks(&task(0).application).await?;
    let listed: Vec<_> = listed.iter().map(|summary| summary.task.clone()).collect();
    ensure!(listed == ids[..7], "{listed:?}");
    Ok(())
}

/// Thousands of keys in one read, every other one absent.
pub(crate) async fn many_keys_are_read_at_once(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let number = |n: u32| key(n.to_be_bytes());
    let model: Model = (0..3000).step_by(2).map(|n| (number(n), number(n))).collect();
    owner.put(MAP, &model).await?;
    let asked: Vec<_> = (0..3000).map(|n| (MAP, number(n))).collect();
    let found = owner.reader().get_many(&asked).await?;
    let expected = asked.iter().map(|(_, key)| model.get(key));
    ensure!(found.iter().map(Option::as_ref).eq(expected), "not as they were put");
    Ok(())
}
