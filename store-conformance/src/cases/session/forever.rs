//! Sessions that are kept as long as time.

use anyhow::Result;
use store_core::prelude::*;

use super::tools::{Row, Visits, alone, filled, numbered, of_one, searches};
use crate::{
    Context,
    cases::{stages::ORDERS, timed::ms},
};

const FOREVER: i64 = i64::MAX;
static ETERNAL: Visits = Session::new("eternal", ms(FOREVER.unsigned_abs()));

/// In the order of a listing: the last one lies in a segment of its own.
fn five() -> Vec<Row> {
    numbered(&[
        ("a", 0, 0),
        ("a", 10, 20),
        ("aa", 0, 10),
        ("aa", 10, 20),
        ("a", FOREVER - 2, FOREVER - 1),
    ])
}

pub(crate) async fn keys_that_begin_alike(context: Context) -> Result<()> {
    let rows = five();
    let opened = filled(&context, &ETERNAL, &rows).await?;
    let a = [&rows[..2], &rows[4..]].concat();
    let asked = [("a", 0, i64::MAX, alone(&a)), ("aa", 0, i64::MAX, alone(&rows[2..4]))];
    of_one(opened, &[Order::Forward], &asked).await
}

pub(crate) async fn open_bounds(context: Context) -> Result<()> {
    let opened = filled(&context, &ETERNAL, &five()).await?;
    let open = [(None, Some("aa")), (Some("a"), None), (None, None)];
    let asked = open.map(|(from, to)| ((from, to, 0, i64::MAX), five()));
    searches(opened, &asked).await
}

pub(crate) async fn backward_is_the_mirror(context: Context) -> Result<()> {
    let rows = five();
    let opened = filled(&context, &ETERNAL, &rows).await?;
    let a = [&rows[..2], &rows[4..]].concat();
    let asked = [("a", 0, i64::MAX, alone(&a)), ("aa", 0, i64::MAX, alone(&rows[2..4]))];
    of_one(opened, &ORDERS, &asked).await?;
    open_bounds(context).await
}
