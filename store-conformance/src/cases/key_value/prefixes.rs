//! Keys by what they begin with.

use anyhow::Result;
use store_core::prelude::*;

use super::tools::{Life, RAW, TEXTS, View, bytes, texts};
use crate::Context;

/// Whether a prefix of these stored keys gives those, at each stage and in both orders.
async fn texts_with(
    context: Context,
    stored: &[&str],
    prefix: &str,
    expected: &[&str],
) -> Result<()> {
    let mut life = Life::with(&context, &TEXTS, texts(stored)).await?;
    let (expected, mirrored) = (texts(expected), texts(expected.iter().rev()));
    while let Some(view) = life.next().await? {
        view.gives(view.prefix(prefix, Order::Forward)?, &expected).await?;
        view.gives(view.prefix(prefix, Order::Backward)?, &mirrored).await?;
    }
    Ok(())
}

pub(crate) async fn come_in_order(context: Context) -> Result<()> {
    let stored = ["k1", "prefix_3", "k2", "prefix_2", "k3", "prefix_1"];
    texts_with(context, &stored, "prefix", &["prefix_1", "prefix_2", "prefix_3"]).await
}

pub(crate) async fn a_key_is_a_prefix_of_itself(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &TEXTS, texts(["abc", "abcd", "abce"])).await?;
    while let Some(view) = life.next().await? {
        view.gives(view.prefix("abcd", Order::Forward)?, &texts(["abcd"])).await?;
    }
    life.store.put(&"abcdd".to_owned(), &texts(["abcdd"]).remove(0).1).await?;
    let both = texts(["abcd", "abcdd"]);
    let view = View::new("put later", life.store.clone());
    view.gives(view.prefix("abcd", Order::Forward)?, &both).await?;
    life.task.commit(()).await?;
    view.gives(view.prefix("abcd", Order::Forward)?, &both).await
}

pub(crate) async fn of_a_uuid(context: Context) -> Result<()> {
    let (one, other) =
        ("1f0c8a52-3d1e-4c77-9a44-0d9a2f4b7e10", "1f0d93b6-6b0f-4b1a-8a55-53b1c4fd0c21");
    texts_with(context, &[one, other], &other[..4], &[other]).await
}

pub(crate) async fn of_the_highest_bytes(context: Context) -> Result<()> {
    let keys: [&[u8]; 5] = [b"\0\xff", b"\xfe", b"\xff", b"\xff\0", b"\xff\xff"];
    let entries = keys.map(|key| (bytes(key), bytes(key)));
    let mut life = Life::with(&context, &RAW, entries.iter().rev().cloned()).await?;
    while let Some(view) = life.next().await? {
        for (prefix, expected) in [
            (&b"\xff"[..], &entries[2..]),
            (b"\xff\xff", &entries[4..]),
            (b"\xff\xff\xff", &[]),
            (b"\0\xff", &entries[..1]),
        ] {
            view.gives(view.prefix(prefix, Order::Forward)?, expected).await?;
            let mirrored: Vec<_> = expected.iter().rev().cloned().collect();
            view.gives(view.prefix(prefix, Order::Backward)?, &mirrored).await?;
        }
    }
    Ok(())
}

pub(crate) async fn an_empty_one_is_everything(context: Context) -> Result<()> {
    let keys: [&[u8]; 4] = [b"", b"\0", b"a", b"\xff\xff"];
    let entries = keys.map(|key| (bytes(key), bytes(key)));
    let mut life = Life::with(&context, &RAW, entries.clone()).await?;
    while let Some(view) = life.next().await? {
        view.gives(view.prefix(b"", Order::Forward)?, &entries).await?;
        view.gives(view.all(), &entries).await?;
    }
    Ok(())
}
