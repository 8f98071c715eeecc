//! Bytes that encodings and layouts trip over.

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::prelude::*;

use super::tools::{Life, RAW, bytes, same};
use crate::Context;

pub(crate) async fn order_as_unsigned_bytes(context: Context) -> Result<()> {
    let entries =
        [0x00, 0x01, 0x7f, 0x80, 0xff_u8].map(|byte| (bytes([byte]), bytes([byte, byte])));
    let life = Life::with(&context, &RAW, [3, 0, 4, 1, 2].map(|n| entries[n].clone())).await?;
    life.holds(&entries).await
}

/// Keys that are parts of each other, or mean something in some database, in order.
fn awkward() -> Vec<Bytes> {
    let keys: [&[u8]; 20] = [
        b"\0",
        b"\0\0",
        b"\0\xff",
        b"\r\n",
        b"\"",
        b"\"\"",
        b"'",
        b"*",
        b":",
        b"::",
        b":{}*'\"\\",
        b"\\",
        b"a",
        b"a\0",
        b"a\0b",
        b"a:b",
        b"{",
        b"{}",
        b"\xc3\x28",
        b"\xff\0\xfe",
    ];
    keys.map(bytes).into()
}

pub(crate) async fn awkward_keys_stay_apart(context: Context) -> Result<()> {
    let value = |n: usize| bytes([u8::try_from(n).unwrap_or(0), 0, 0xff]);
    let entries: Vec<_> =
        awkward().into_iter().enumerate().map(|(n, key)| (key, value(n))).collect();
    let mut life = Life::with(&context, &RAW, entries.iter().rev().cloned()).await?;
    while let Some(view) = life.next().await? {
        view.holds(&entries).await?;
    }
    // One of them goes, all others stay.
    for at in 0..entries.len() {
        let mut left = entries.clone();
        let (key, value) = left.remove(at);
        same(&life.store.delete(&key).await?, &Some(value))?;
        let found = life.store.get_many(&awkward()).await?;
        let there = found.iter().enumerate().filter(|(_, value)| value.is_some());
        ensure!(there.map(|(n, _)| n).eq((0..entries.len()).filter(|n| *n != at)), "key {at}");
        life.task.rollback().await?;
    }
    Ok(())
}

pub(crate) async fn an_empty_value_is_not_absent(context: Context) -> Result<()> {
    let entries = [(bytes("a"), bytes("")), (bytes("b"), bytes("x"))];
    let mut life = Life::with(&context, &RAW, entries.clone()).await?;
    while let Some(view) = life.next().await? {
        view.holds(&entries).await?;
        ensure!(view.contains(&bytes("a")).await?, "{}", view.stage);
        same(&view.get(&bytes("c")).await?, &None)?;
        let range = view.range(Some(bytes("a")), Some(bytes("a")), Order::Forward);
        view.gives(range, &entries[..1]).await?;
    }
    same(&life.store.put_if_absent(&bytes("a"), &bytes("x")).await?, &Some(bytes("")))?;
    same(&life.store.delete(&bytes("a")).await?, &Some(bytes("")))?;
    same(&life.store.get(&bytes("a")).await?, &None)
}
