//! Listings of sessions of which some are committed and some are not.

use anyhow::{Result, ensure};
use store_core::{EngineConfig, prelude::*};

use super::tools::{AT, CUT, Row, VISITS, alone, half_committed, numbered, of_one, searches};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::collect,
    },
};

pub(crate) async fn over_six_segments(context: Context) -> Result<()> {
    let sessions: Vec<_> = (0..6).map(|n| ("a", n * 1000, n * 1000 + 500)).collect();
    let rows = numbered(&sessions);
    let opened = half_committed(&context, &CUT, &rows).await?;
    let asked = [("a", 0, i64::MAX, alone(&rows)), ("a", 1500, 4000, alone(&rows[1..5]))];
    of_one(opened, &ORDERS, &asked).await
}

pub(crate) async fn keys_over_segments(context: Context) -> Result<()> {
    let rows = numbered(&[
        ("a", 0, 0),
        ("aa", 0, 0),
        ("a", 1000, 1000),
        ("a", 2000, 2000),
        ("aa", 2000, 2000),
    ]);
    let opened = half_committed(&context, &CUT, &rows).await?;
    searches(opened, &[((Some("a"), Some("aa"), 0, i64::MAX), rows)]).await
}

/// Buffers so small that the task asks for a commit now and then.
pub(crate) async fn more_than_the_buffers_hold(context: Context) -> Result<()> {
    let mut config = EngineConfig::default();
    config.uncommitted_soft_bytes = 2000;
    config.page_entries = 7;
    let mut opened = Opened::with(&context, &VISITS, config).await?;
    let rows: Vec<Row> = (0..100)
        .map(|n| (["a", "b"][n as usize % 2].to_owned(), AT(i64::from(n), 1000), n))
        .collect();
    let mut commits = 0;
    for (key, session, value) in &rows {
        opened.store.put(key, *session, Some(value)).await?;
        if opened.task.wants_commit() {
            opened.commit().await?;
            commits += 1;
        }
    }
    ensure!((2..50).contains(&commits), "{commits} commits: not a mixture");
    ensure!(opened.task.buffered_bytes() > 0, "nothing is buffered");
    for stage in STAGES {
        let visits = opened.at(stage).await?;
        for (key, session, value) in &rows {
            if value % 9 == 0 {
                ensure!(visits.get(key, *session).await? == Some(*value), "{stage:?}: {value}");
            }
        }
        for order in ORDERS {
            let mut expected = rows.clone();
            expected.sort_by_key(|(key, session, _)| (key.clone(), session.start));
            let found = collect(visits.all(order)).await?;
            ensure!(found == ordered(&expected, order), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}
