//! Settings, and many handlers at once.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures::future::{join, try_join_all};
use store_core::prelude::*;

use super::tools::rows;
use crate::{
    Context,
    cases::{stages::Opened, timed::ms},
};

pub(crate) async fn senseless_ones_are_refused(context: Context) -> Result<()> {
    let database = context.database().await?;
    let cases = [
        (Window::new("w", ms(10), ms(9)), "at least as long as they last"),
        (Window::new("w", ms(0), ms(9)), "at least 1 ms"),
        (Window::new("w", Duration::from_micros(1500), ms(9)), "whole milliseconds"),
        (Window::new("w", ms(1), Duration::MAX), "whole milliseconds"),
        (Window::new("w", ms(1), ms(1000)).segments(ms(1)), "at most 1000"),
    ];
    for (window, expected) in cases {
        let window: Window<String, u64> = window;
        let Err(error) = database.task("app", 0).store(&window).open().await else {
            bail!("{window:?} was taken")
        };
        ensure!(error.kind() == ErrorKind::InvalidArgument, "{error:?}");
        ensure!(error.to_string().contains(expected), "{error}");
    }
    let at_the_limit = Window::<String, u64>::new("w", ms(1), ms(999)).segments(ms(1));
    database.task("app", 0).store(&at_the_limit).open().await?.commit(()).await?;
    Ok(())
}

pub(crate) async fn other_ones_are_refused(context: Context) -> Result<()> {
    let recorded = Window::<String, u64>::new("w", ms(1), ms(999));
    let database = context.database().await?;
    database.task("app", 0).store(&recorded).open().await?.commit(()).await?;
    let others = [
        (Window::new("w", ms(2), ms(999)), r#""size_ms": "1""#, r#""size_ms": "2""#),
        (Window::new("w", ms(1), ms(998)), "999", "998"),
        (recorded.duplicates(), r#"duplicates": "false""#, r#"duplicates": "true""#),
    ];
    for (other, ours, theirs) in others {
        let Err(error) = database.task("app", 0).store(&other).open().await else {
            bail!("{other:?} was taken")
        };
        ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
        let message = error.to_string();
        ensure!(message.contains(ours) && message.contains(theirs), "{message}");
    }
    Ok(())
}

pub(crate) async fn handlers_count_while_commits_run(context: Context) -> Result<()> {
    static COUNTS: Window<String, u64> = Window::new("counts", ms(10), ms(100)).segments(ms(30));
    let opened = Opened::new(&context, &COUNTS).await?;
    let workers = (0..32_i64).map(|worker| {
        let windows = opened.store.clone();
        tokio::spawn(async move {
            for n in 0..30 {
                let (key, start) = (((worker + n) % 3).to_string(), ((worker * n) % 5) * 10);
                windows.update(&key, start, |n| Some(n.unwrap_or(0) + 1)).await?;
            }
            Ok::<_, Error>(())
        })
    });
    let commits = async {
        for n in 0..10 {
            opened.task.commit([("s", n)]).await?;
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    };
    let (done, committed) = join(try_join_all(workers), commits).await;
    committed?;
    done?.into_iter().collect::<store_core::Result<Vec<()>>>()?;
    opened.commit().await?;
    let mut expected = std::collections::BTreeMap::new();
    for (worker, n) in (0..32).flat_map(|worker| (0..30).map(move |n| (worker, n))) {
        let place = (((worker + n) % 3).to_string(), ((worker * n) % 5) * 10);
        *expected.entry(place).or_insert(0_u64) += 1;
    }
    let reader = opened.shared().await?;
    ensure!(reader.size_ms() == 10);
    let mut found = rows(reader.all(Order::Forward)).await?;
    found.sort_unstable();
    let expected: Vec<_> =
        expected.into_iter().map(|((key, start), count)| (key, start, count)).collect();
    ensure!(found == expected, "{found:?}");
    Ok(())
}
