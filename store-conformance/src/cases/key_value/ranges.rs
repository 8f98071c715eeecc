//! Ranges of keys.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use store_core::prelude::*;

use super::tools::{Life, NUMBERS, RAW, View, bytes, numbers, rows, same};
use crate::{Context, cases::warnings::warnings};

/// Whether a range of these stored keys gives those, at each stage.
async fn ranges(
    context: Context,
    stored: &[u32],
    (from, to): (Option<u32>, Option<u32>),
    order: Order,
    expected: &[u32],
) -> Result<()> {
    let mut life = Life::with(&context, &NUMBERS, numbers(stored.iter().copied())).await?;
    let expected = numbers(expected.iter().copied());
    while let Some(view) = life.next().await? {
        view.gives(view.range(from, to, order), &expected).await?;
    }
    Ok(())
}

pub(crate) async fn its_ends_need_not_exist(context: Context) -> Result<()> {
    ranges(context, &[0, 1, 2, 4], (Some(2), Some(6)), Order::Forward, &[2, 4]).await
}

pub(crate) async fn with_an_open_beginning(context: Context) -> Result<()> {
    ranges(context, &[0, 1, 2], (None, Some(1)), Order::Forward, &[0, 1]).await
}

pub(crate) async fn with_an_open_end(context: Context) -> Result<()> {
    ranges(context, &[0, 1, 2], (Some(1), None), Order::Forward, &[1, 2]).await
}

pub(crate) async fn with_open_ends(context: Context) -> Result<()> {
    ranges(context, &[0, 1, 2], (None, None), Order::Forward, &[0, 1, 2]).await
}

pub(crate) async fn backwards_to_the_beginning(context: Context) -> Result<()> {
    ranges(context, &[0, 1, 2], (None, Some(1)), Order::Backward, &[1, 0]).await
}

pub(crate) async fn backwards_with_open_ends(context: Context) -> Result<()> {
    ranges(context, &[0, 1, 2], (None, None), Order::Backward, &[2, 1, 0]).await
}

/// Whether a range of one key gives what a read of the key gives.
async fn of_one_key(context: Context, order: Order) -> Result<()> {
    let mut life = Life::with(&context, &NUMBERS, numbers(1..4)).await?;
    while let Some(view) = life.next().await? {
        let value = view.get(&2).await?.context("the key is absent")?;
        view.gives(view.range(Some(2), Some(2), order), &[(2, value)]).await?;
    }
    Ok(())
}

pub(crate) async fn of_one_key_forward(context: Context) -> Result<()> {
    of_one_key(context, Order::Forward).await
}

pub(crate) async fn of_one_key_backward(context: Context) -> Result<()> {
    of_one_key(context, Order::Backward).await
}

/// Whether a range is empty and warned of.
async fn is_refused(
    view: &View<Bytes, Bytes>,
    (from, to): (&Bytes, &Bytes),
    order: Order,
) -> Result<()> {
    let inverted = async { rows(view.range(Some(from.clone()), Some(to.clone()), order)).await };
    let (found, warned) = warnings(inverted).await;
    same(&found?, &Vec::new()).context(view.stage)?;
    ensure!(warned == 1, "{}: {warned} warnings", view.stage);
    let straight = async { rows(view.range(Some(to.clone()), Some(from.clone()), order)).await };
    let (found, warned) = warnings(straight).await;
    ensure!(!found?.is_empty() && warned == 0, "{}: {warned} warnings", view.stage);
    Ok(())
}

/// Numbers as they stand in memory do not order as bytes: below zero comes last.
async fn across_zero(context: Context, order: Order) -> Result<()> {
    let key = |n: i32| bytes(n.to_be_bytes());
    let mut life =
        Life::with(&context, &RAW, [-1, 0, 1].map(|n| (key(n), bytes(n.to_string())))).await?;
    while let Some(view) = life.next().await? {
        is_refused(&view, (&key(-1), &key(1)), order).await?;
    }
    Ok(())
}

pub(crate) async fn across_zero_forward(context: Context) -> Result<()> {
    across_zero(context, Order::Forward).await
}

pub(crate) async fn across_zero_backward(context: Context) -> Result<()> {
    across_zero(context, Order::Backward).await
}

async fn inverted(context: Context, order: Order) -> Result<()> {
    let entries = ["1", "2", "3"].map(|key| (bytes(key), bytes("")));
    let mut life = Life::with(&context, &RAW, entries).await?;
    while let Some(view) = life.next().await? {
        is_refused(&view, (&bytes("2"), &bytes("1")), order).await?;
    }
    Ok(())
}

pub(crate) async fn inverted_forward(context: Context) -> Result<()> {
    inverted(context, Order::Forward).await
}

pub(crate) async fn inverted_backward(context: Context) -> Result<()> {
    inverted(context, Order::Backward).await
}
