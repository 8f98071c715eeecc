//! Reads: order, pages, what is there and what is not.

use std::ops::Bound;

use crate::Context;
use anyhow::{Result, ensure};
use bytes::Bytes;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::backend::{KeyRange, MapChange, MapId, Order, PageLimit};

use super::holds;
use crate::waist::{MAP, Model, Owner, all, deletes, key, puts, scan, task};

/// Keys of few different bytes, so that prefixes and neighbours are common.
fn random_keys(random: &mut StdRng, count: usize) -> Model {
    let byte = |random: &mut StdRng| [0, 1, b'a', 0x7f, 0x80, 0xff][random.random_range(0..6)];
    let mut keys = Model::new();
    while keys.len() < count {
        let length = random.random_range(0..6);
        let bytes: Vec<u8> = (0..length).map(|_| byte(random)).collect();
        keys.insert(bytes.into(), key(random.random::<u64>().to_be_bytes()));
    }
    keys
}

pub(crate) async fn scans_are_ordered_both_ways(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let mut random = StdRng::seed_from_u64(1);
    let model = random_keys(&mut random, 400);
    owner.put(MAP, &model).await?;
    let keys: Vec<_> = model.keys().cloned().collect();
    for round in 0..120 {
        let mut bound = || {
            let end = keys[random.random_range(0..keys.len())].clone();
            match random.random_range(0..3) {
                0 => Bound::Included(end),
                1 => Bound::Excluded(end),
                _ => Bound::Unbounded,
            }
        };
        let range = KeyRange::new(bound(), bound());
        let order = if round % 2 == 0 { Order::Forward } else { Order::Backward };
        let limit = PageLimit::new(random.random_range(1..50), usize::MAX);
        let found = scan(owner.reader(), MAP, range.clone(), order, limit).await?;
        let within = model.iter().filter(|(key, _)| range.contains(key) && !range.is_empty());
        let mut expected: Vec<_> = within.map(|(k, v)| (k.clone(), v.clone())).collect();
        if order == Order::Backward {
            expected.reverse();
        }
        ensure!(found == expected, "round {round}: {range:?} {order:?}");
    }
    Ok(())
}

pub(crate) async fn pages_go_on_where_they_ended(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model = (0..2500_u32).map(|n| (key(n.to_be_bytes()), key([7; 100]))).collect();
    owner.put(MAP, &model).await?;
    // Also above what a database gives at a time, and without a limit.
    for entries in [1000, 7, 2400, 20_000, usize::MAX] {
        let limit = PageLimit::new(entries, usize::MAX);
        let found = scan(owner.reader(), MAP, KeyRange::ALL, Order::Backward, limit).await?;
        ensure!(
            found.iter().rev().map(|(key, _)| key).eq(model.keys()),
            "{} of 2500 entries, or in another order, backward in pages of {limit:?}",
            found.len()
        );
    }
    // An entry has 104 bytes. A page may end before its limit, not after the entry that reaches it.
    for (bytes, most) in [(1, 1), (104, 1), (105, 2), (1000, 10)] {
        let limit = PageLimit::new(1000, bytes);
        let page = owner.reader().scan(MAP, &KeyRange::ALL, Order::Forward, limit).await?;
        let length = page.entries.len();
        ensure!(length <= most, "{length} entries in a page that {most} fill");
        ensure!(page.resume.is_some(), "a page of {length} entries says that it is the last");
        // However small the page, each entry comes in one.
        let hundred = KeyRange::new(Bound::Unbounded, Bound::Excluded(key(100_u32.to_be_bytes())));
        let found = scan(owner.reader(), MAP, hundred, Order::Forward, limit).await?;
        let length = found.len();
        let expected = model.clone().into_iter().take(100);
        ensure!(found.into_iter().eq(expected), "{length} of 100 entries by {bytes} bytes");
    }
    let small = PageLimit::new(10, 1);
    let absent =
        scan(owner.reader(), MapId::whole(9), KeyRange::ALL, Order::Forward, small).await?;
    ensure!(absent.is_empty(), "a map that nobody wrote has {} entries", absent.len());
    Ok(())
}

pub(crate) async fn get_many_keeps_the_order(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let other = MapId::segment(2, -7);
    let mut changes = puts(MAP, &[(key("a"), key("1")), (key("b"), key("2"))].into());
    changes.extend(puts(other, &[(key("a"), key("3"))].into()));
    let commit = owner.next(changes);
    owner.send(&commit).await?;
    let asked = [(MAP, "b"), (other, "a"), (MAP, "x"), (MAP, "a"), (other, "b"), (MAP, "b")];
    let asked: Vec<_> = asked.iter().map(|(map, name)| (*map, key(name))).collect();
    let found = owner.reader().get_many(&asked).await?;
    let expected = [Some("2"), Some("3"), None, Some("1"), None, Some("2")];
    ensure!(found == expected.map(|value| value.map(key)), "{found:?}");
    ensure!(
        owner.reader().get_many(&[]).await?.is_empty(),
        "no key was asked for and has an answer"
    );
    Ok(())
}

pub(crate) async fn empty_is_not_absent(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model =
        [(key(""), key("")), (key([0]), key("x")), (key([0xff; 8192]), key(""))].into();
    owner.put(MAP, &model).await?;
    holds(owner.reader(), MAP, &model, "an empty key and two empty values were put").await?;
    let asked = [(MAP, key("")), (MAP, key([0])), (MAP, key([0, 0]))];
    let found = owner.reader().get_many(&asked).await?;
    ensure!(
        found == [Some(key("")), Some(key("x")), None],
        "the empty key, 00 and 0000: {found:?}"
    );
    let commit = owner.next(deletes(MAP, [key(""), key("absent")]));
    owner.send(&commit).await?;
    let left = all(owner.reader(), MAP).await?.len();
    ensure!(left == 2, "the empty key was deleted, of three: {left} are left");
    Ok(())
}

/// Keys that no backend stores are absent, for readers too, and are legal ends of ranges.
pub(crate) async fn keys_of_any_length_can_be_asked_for(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model = [(key("a"), key("1")), (key("y"), key("2"))].into();
    owner.put(MAP, &model).await?;
    let long = key(vec![b'x'; 70_000]);
    let reader = backend.read(&task(0)).await?;
    for reader in [owner.reader(), &*reader] {
        let found = reader.get_many(&[(MAP, long.clone())]).await?;
        ensure!(found == [None], "a key of 70 000 bytes that nobody wrote is there");
        let (from, to) = (Some(long.clone()), Some(long.clone()));
        for (range, count) in [
            (KeyRange::inclusive(from.clone(), None), 1),
            (KeyRange::inclusive(None, to.clone()), 1),
            (KeyRange::inclusive(from, to), 0),
            (KeyRange::prefix(long.clone()), 0),
        ] {
            let found = scan(reader, MAP, range, Order::Forward, PageLimit::default()).await?;
            ensure!(found.len() == count, "{} instead of {count}", found.len());
        }
    }
    Ok(())
}

pub(crate) async fn large_values(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let mut random = StdRng::seed_from_u64(2);
    let mut value = vec![0; 8 << 20];
    random.fill(&mut value[..]);
    let model: Model = [(key([0xff; 8192]), Bytes::from(value))].into();
    owner.put(MAP, &model).await?;
    holds(owner.reader(), MAP, &model, "a value of 8 MiB under a key of 8 KiB was put").await
}

pub(crate) async fn dropped_maps_are_gone(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let segments = [-1, 0, 1].map(|segment| MapId::segment(2, segment));
    let model: Model = (0..100_u8).map(|n| (key([n]), key([n]))).collect();
    let commit = owner.next(segments.iter().flat_map(|&map| puts(map, &model)).collect());
    owner.send(&commit).await?;
    let commit = owner.next([(segments[0], MapChange::Drop)].into());
    owner.send(&commit).await?;
    holds(owner.reader(), segments[0], &Model::new(), "it was dropped").await?;
    let found = owner.reader().get_many(&[(segments[0], key([5]))]).await?;
    ensure!(found == [None], "a key of a dropped map is there");
    for map in &segments[1..] {
        holds(owner.reader(), *map, &model, "segment -1 was dropped").await?;
    }
    Ok(())
}
