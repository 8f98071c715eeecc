//! Sessions of one key.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use super::tools::{Row, VISITS, alone, filled, numbered, of_one};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, STAGES, ordered},
        timed::collect,
    },
};

fn four() -> Vec<Row> {
    numbered(&[("a", 10, 10), ("a", 500, 1000), ("a", 1500, 2000), ("a", 2500, 3000)])
}

pub(crate) async fn those_up_to_a_start(context: Context) -> Result<()> {
    let opened = filled(&context, &VISITS, &four()).await?;
    of_one(opened, &[Order::Forward], &[("a", 0, 1000, alone(&four()[..2]))]).await
}

pub(crate) async fn those_that_overlap(context: Context) -> Result<()> {
    let opened = filled(&context, &VISITS, &four()).await?;
    of_one(opened, &[Order::Forward], &[("a", 400, 600, alone(&four()[1..2]))]).await
}

pub(crate) async fn backward_is_the_mirror(context: Context) -> Result<()> {
    let opened = filled(&context, &VISITS, &four()).await?;
    let asked = [("a", 0, 1000, alone(&four()[..2])), ("a", 400, 600, alone(&four()[1..2]))];
    of_one(opened, &[Order::Backward], &asked).await
}

async fn fetched(context: &Context, order: Order) -> Result<()> {
    let mut put: Vec<Row> = four();
    put.insert(1, ("aa".to_owned(), SessionWindow::new(5, 1700), 9));
    let mut opened = filled(context, &VISITS, &put).await?;
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        let found = collect(visits.fetch(&"a".to_owned(), order)).await?;
        ensure!(found == ordered(&alone(&four()), order), "{stage:?}: {found:?}");
    }
    Ok(())
}

pub(crate) async fn all_of_a_key(context: Context) -> Result<()> {
    fetched(&context, Order::Forward).await
}

pub(crate) async fn all_of_a_key_backward(context: Context) -> Result<()> {
    fetched(&context, Order::Backward).await
}

pub(crate) async fn from_before_time(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 0, 0), ("a", 1000, 1000)]);
    let opened = filled(&context, &VISITS, &rows).await?;
    let asked = [
        ("a", -1, 1000, alone(&rows)),
        ("a", i64::MIN, i64::MAX, alone(&rows)),
        ("a", -1, -1, vec![]),
    ];
    of_one(opened, &ORDERS, &asked).await
}

async fn adjoining(context: &Context, order: Order) -> Result<()> {
    let rows = numbered(&[
        ("a", 0, 100),
        ("a", 101, 200),
        ("a", 201, 300),
        ("a", 301, 400),
        ("a", 401, 500),
    ]);
    let opened = filled(context, &VISITS, &rows).await?;
    of_one(opened, &[order], &[("a", 150, 300, alone(&rows[1..3]))]).await
}

pub(crate) async fn those_in_the_middle(context: Context) -> Result<()> {
    adjoining(&context, Order::Forward).await
}

pub(crate) async fn those_in_the_middle_backward(context: Context) -> Result<()> {
    adjoining(&context, Order::Backward).await
}

pub(crate) async fn one_around_a_moment(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 0, 9000)]);
    let opened = filled(&context, &VISITS, &rows).await?;
    let asked = [
        ("a", 4000, 4000, alone(&rows)),
        // The later first: what covers both moments.
        ("a", 9000, 0, alone(&rows)),
        ("a", 9001, 0, vec![]),
    ];
    of_one(opened, &ORDERS, &asked).await
}

pub(crate) async fn by_end_and_then_by_start(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 4, 5), ("a", 0, 9), ("a", 3, 9), ("a", 9, 9), ("a", 1, 10)]);
    let mut put = rows.clone();
    put.rotate_left(2);
    put.swap(0, 3);
    let opened = filled(&context, &VISITS, &put).await?;
    of_one(
        opened,
        &ORDERS,
        &[
            ("a", 0, 20, alone(&rows)),
            ("a", 9, 3, alone(&[rows[1].clone(), rows[2].clone(), rows[4].clone()])),
        ],
    )
    .await
}
