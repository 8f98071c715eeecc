//! Sessions that many cases read.

use anyhow::{Result, ensure};
use store_core::prelude::*;

use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::{collect, ms},
    },
};

/// Sessions, kept for 10 s; one segment holds all of them.
pub(super) static VISITS: Session<String, u32> = Session::new("visits", ms(10_000));

/// The same in segments of a second.
pub(super) static CUT: Session<String, u32> = Session::new("cut", ms(10_000)).segments(ms(1000));

pub(super) const AT: fn(i64, i64) -> SessionWindow = SessionWindow::new;

/// A session of a key, numbered in the order of the rows that a case names.
pub(super) type Row = (String, SessionWindow, u32);
pub(super) type Visits = Session<String, u32>;

/// Rows, each with its place as its value.
pub(super) fn numbered(sessions: &[(&str, i64, i64)]) -> Vec<Row> {
    let row = |(number, (key, start, end)): (u32, &(&str, i64, i64))| {
        ((*key).to_owned(), AT(*start, *end), number)
    };
    (0..).zip(sessions).map(row).collect()
}

/// The same without keys.
pub(super) fn alone(rows: &[Row]) -> Vec<(SessionWindow, u32)> {
    rows.iter().map(|(_, session, value)| (*session, *value)).collect()
}

pub(super) async fn put(store: &dyn SessionStore<String, u32>, rows: &[Row]) -> Result<()> {
    for (key, session, value) in rows {
        let written = store.put(key, *session, Some(value)).await?;
        ensure!(written == Written::Stored, "{key} at {session:?}: {written:?}");
    }
    Ok(())
}

/// A task with these sessions in its buffers.
pub(super) async fn filled<'a>(
    context: &'a Context,
    definition: &'a Visits,
    rows: &[Row],
) -> Result<Opened<'a, Visits>> {
    let opened = Opened::new(context, definition).await?;
    put(&*opened.store, rows).await?;
    Ok(opened)
}

/// A task with these sessions, every other one committed, in pages of two.
pub(super) async fn half_committed<'a>(
    context: &'a Context,
    definition: &'a Visits,
    rows: &[Row],
) -> Result<Opened<'a, Visits>> {
    let opened = Opened::paged(context, definition, 2).await?;
    let every_other = |from: usize| rows.iter().skip(from).step_by(2).cloned().collect::<Vec<_>>();
    put(&*opened.store, &every_other(0)).await?;
    opened.commit().await?;
    put(&*opened.store, &every_other(1)).await?;
    Ok(opened)
}

/// A search: a range of keys, the earliest end, the latest start.
pub(super) type Search = (Option<&'static str>, Option<&'static str>, i64, i64);

/// Searches for ranges of keys, at every stage and both ways.
pub(super) async fn searches(
    mut opened: Opened<'_, Visits>,
    asked: &[(Search, Vec<Row>)],
) -> Result<()> {
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for (search, expected) in asked {
            let (from, to, end, start) = search;
            let key = |key: &Option<&str>| key.map(str::to_owned);
            for order in ORDERS {
                let found = visits.find_keys(key(from), key(to), *end, *start, order);
                let found = collect(found).await?;
                ensure!(
                    found == ordered(expected, order),
                    "{stage:?} {order:?} {search:?}: {found:?}"
                );
            }
        }
    }
    Ok(())
}

/// A search for the sessions of a key: the earliest end, the latest start, and what is found.
pub(super) type OfOne<'a> = (&'a str, i64, i64, Vec<(SessionWindow, u32)>);

/// Searches for the sessions of one key, at every stage, in the orders given.
pub(super) async fn of_one(
    mut opened: Opened<'_, Visits>,
    orders: &[Order],
    asked: &[OfOne<'_>],
) -> Result<()> {
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for (key, end, start, expected) in asked {
            for order in orders {
                let found = collect(visits.find(&(*key).to_owned(), *end, *start, *order)).await?;
                ensure!(
                    found == ordered(expected, *order),
                    "{stage:?} {order:?} {key} {end} {start}: {found:?}"
                );
            }
        }
    }
    Ok(())
}
