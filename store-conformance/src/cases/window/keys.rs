//! Windows of a range of keys.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{A, Row, S, filled, rows};
use crate::{
    Context,
    cases::stages::{STAGES, ordered},
};

/// The keys from and to, the times from and to, and the keys that are found.
type Question = ((Option<u32>, Option<u32>), (i64, i64), &'static [usize]);

const NARROW: &[Question] = &[
    ((Some(0), Some(1)), (S - 3, S + 3), &[0, 1]),
    ((Some(1), Some(1)), (S - 3, S + 3), &[1]),
    ((Some(1), Some(3)), (S - 3, S + 3), &[1, 2, 3]),
];
const WIDE: &[Question] = &[
    ((Some(0), Some(5)), (S - 3, S + 3), &[0, 1, 2, 3]),
    ((Some(0), Some(5)), (S - 3, S + 8), &[0, 1, 2, 3, 4, 5]),
    ((Some(0), Some(5)), (S + 2, S + 8), &[2, 3, 4, 5]),
];
const BESIDE: &[Question] =
    &[((Some(4), Some(5)), (S + 2, S + 3), &[]), ((Some(0), Some(3)), (S + 3, S + 8), &[])];
const UP_TO: &[Question] = &[((None, Some(2)), (S - 3, S + 5), &[0, 1, 2])];
const FROM: &[Question] = &[((Some(2), None), (S - 3, S + 8), &[2, 3, 4, 5])];
const OPEN: &[Question] = &[((None, None), (S - 3, S + 8), &[0, 1, 2, 3, 4, 5])];

async fn answers(context: &Context, order: Order, questions: &[&[Question]]) -> Result<()> {
    let mut opened = filled(context, &A).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for (keys, (from, to), expected) in questions.concat() {
            let found = rows(windows.fetch_keys(keys.0, keys.1, from, to, order)).await?;
            let expected: Vec<Row> = expected.iter().map(|key| A[*key]).collect();
            ensure!(
                found == ordered(&expected, order),
                "{stage:?}: keys {keys:?} from {from} to {to}: {found:?}"
            );
        }
    }
    Ok(())
}

pub(crate) async fn narrow_ranges(context: Context) -> Result<()> {
    answers(&context, Order::Forward, &[NARROW]).await
}

pub(crate) async fn wide_ranges(context: Context) -> Result<()> {
    answers(&context, Order::Forward, &[WIDE]).await
}

pub(crate) async fn ranges_beside_the_rows(context: Context) -> Result<()> {
    answers(&context, Order::Forward, &[BESIDE]).await
}

pub(crate) async fn open_below(context: Context) -> Result<()> {
    answers(&context, Order::Forward, &[UP_TO]).await
}

pub(crate) async fn open_above(context: Context) -> Result<()> {
    answers(&context, Order::Forward, &[FROM]).await
}

pub(crate) async fn open_at_both_ends(context: Context) -> Result<()> {
    answers(&context, Order::Forward, &[OPEN]).await
}

pub(crate) async fn backward_is_the_mirror(context: Context) -> Result<()> {
    answers(&context, Order::Backward, &[NARROW, WIDE, BESIDE, UP_TO, FROM, OPEN]).await
}
