//! Where scans begin and end.

use std::ops::Bound;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::{
    EngineConfig,
    backend::{KeyRange, PageLimit},
    prelude::*,
};

use crate::{
    Context,
    cases::key_value::tools::{Life, NUMBERS, RAW, bytes, numbers, refused, same},
    waist::{self, MAP, Model, Owner, task},
};

pub(crate) async fn of_nothing(context: Context) -> Result<()> {
    let life = Life::begin(&context, &NUMBERS).await?;
    let other = context.task().await?.store(&RAW).open().await?;
    other.store(&RAW)?.put(&bytes("k"), &bytes("v")).await?;
    other.commit(()).await?;
    drop(life);
    // Beside a store that is not empty.
    let mut life = Life::begin(&context, &NUMBERS).await?;
    while let Some(view) = life.next().await? {
        view.holds(&[]).await?;
        view.gives(view.range(Some(1), Some(2), Order::Backward), &[]).await?;
    }
    Ok(())
}

pub(crate) async fn excluded_ends(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model = ["a", "b", "b\0", "c"].map(|key| (bytes(key), bytes(key))).into();
    owner.put(MAP, &model).await?;
    let reader = backend.read(&task(0)).await?;
    let (excluded, included) =
        (|key: &str| Bound::Excluded(bytes(key)), |key: &str| Bound::Included(bytes(key)));
    let ranges: [(Bound<Bytes>, Bound<Bytes>, &[&str]); 8] = [
        (excluded("a"), excluded("c"), &["b", "b\0"]),
        (excluded("b"), Bound::Unbounded, &["b\0", "c"]),
        (Bound::Unbounded, excluded("b\0"), &["a", "b"]),
        (included("b"), excluded("b\0"), &["b"]),
        (excluded("b"), included("b\0"), &["b\0"]),
        (excluded("b"), excluded("b\0"), &[]),
        (excluded("a"), excluded("a"), &[]),
        (excluded("aa"), excluded("bb"), &["b", "b\0"]),
    ];
    for reader in [owner.reader(), &*reader] {
        for (n, (from, to, expected)) in ranges.iter().enumerate() {
            for order in [Order::Forward, Order::Backward] {
                let range = KeyRange::new(from.clone(), to.clone());
                let limit = PageLimit::new(1, usize::MAX);
                let mut found = waist::scan(reader, MAP, range, order, limit).await?;
                if order == Order::Backward {
                    found.reverse();
                }
                let found = found.iter().map(|(key, _)| &key[..]);
                ensure!(found.eq(expected.iter().map(|key| key.as_bytes())), "{n} {order:?}");
            }
        }
    }
    Ok(())
}

pub(crate) async fn of_all_sorts(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &NUMBERS, numbers(0..5)).await?;
    while let Some(view) = life.next().await? {
        for order in [Order::Forward, Order::Backward] {
            view.gives(view.range(Some(3), Some(1), order), &[]).await?;
            view.gives(view.range(Some(7), Some(7), order), &[]).await?;
            view.gives(view.range(Some(2), Some(2), order), &numbers([2])).await?;
            let all = if order == Order::Forward { [0, 1, 2, 3, 4] } else { [4, 3, 2, 1, 0] };
            view.gives(view.range(None, None, order), &numbers(all)).await?;
            view.gives(view.range(None, None, order).take(0).boxed(), &[]).await?;
        }
    }
    let mut config = EngineConfig::default();
    config.page_entries = 0;
    let backend = context.backend().await?;
    refused(Database::with(backend, config), ErrorKind::Config).map(drop)
}

pub(crate) async fn random_ranges(context: Context) -> Result<()> {
    let mut random = StdRng::seed_from_u64(context.seed);
    let mut key = move || {
        let length = random.random_range(0..5);
        let byte = |_| [0, b'a', 0x7f, 0x80, 0xff][random.random_range(0..5)];
        (bytes((0..length).map(byte).collect::<Vec<u8>>()), random.random::<u64>())
    };
    let mut config = EngineConfig::default();
    config.page_entries = 7;
    let database = context.database_with(config).await?;
    let task = database.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let mut model = Model::new();
    for round in 0..60 {
        for _ in 0..8 {
            let (key, draw) = key();
            if draw % 4 == 0 {
                same(&store.delete(&key).await?, &model.remove(&key))?;
            } else {
                let value = bytes(draw.to_be_bytes());
                store.put(&key, &value).await?;
                model.insert(key, value);
            }
        }
        if round % 3 == 0 {
            task.commit(()).await?;
        }
        let ((from, draw), (to, _)) = (key(), key());
        let ends = (Some(from).filter(|_| draw % 5 > 0), Some(to).filter(|_| draw % 7 > 0));
        let range = KeyRange::inclusive(ends.0.clone(), ends.1.clone());
        let order = if draw % 2 == 0 { Order::Forward } else { Order::Backward };
        let within = model.iter().filter(|(key, _)| range.contains(key));
        let mut expected: Vec<_> = within.map(|(k, v)| (k.clone(), v.clone())).collect();
        if order == Order::Backward {
            expected.reverse();
        }
        let found: Vec<_> = store.range(ends.0, ends.1, order).try_collect().await?;
        ensure!(found == expected, "seed {}, round {round}", context.seed);
    }
    Ok(())
}
