//! What happens while a listing is open.

use anyhow::{Result, bail, ensure};
use futures::TryStreamExt;
use store_core::prelude::*;

use super::tools::{AT, CUT, Row, VISITS, numbered, put};
use crate::{
    Context,
    cases::{stages::Opened, timed::collect},
    waist::kind,
};

pub(crate) async fn a_closed_task_ends_them(context: Context) -> Result<()> {
    let rows = numbered(&[("a", 0, 1), ("a", 0, 2), ("b", 0, 1), ("c", 0, 1)]);
    for committed in [false, true] {
        let opened = Opened::paged(&context, &VISITS, 1).await?;
        put(&*opened.store, &rows).await?;
        if committed {
            opened.commit().await?;
        }
        let mut all = opened.store.all(Order::Forward);
        ensure!(all.try_next().await?.as_ref() == Some(&rows[0]));
        opened.task.close().await?;
        // What was fetched already may come; then it says so instead of ending early.
        let mut expected = rows[1..].iter();
        let error = loop {
            match all.try_next().await {
                Ok(Some(row)) => ensure!(expected.next() == Some(&row), "{row:?}"),
                Ok(None) => bail!("it ended as if that were all"),
                Err(error) => break error.kind(),
            }
        };
        ensure!(error == ErrorKind::Closed, "{error:?}");
        let fetched = kind(opened.store.fetch(&"a".to_owned(), Order::Forward).try_next().await);
        ensure!(fetched == Some(ErrorKind::Closed), "{fetched:?}");
    }
    Ok(())
}

/// Time goes on while a listing is open: what expires without its segment is still told, what goes with its segment may
/// be, and what lives on is.
pub(crate) async fn what_expires_meanwhile(context: Context) -> Result<()> {
    let rows =
        numbered(&[("a", 0, 10), ("b", 0, 20), ("a", 0, 1500), ("b", 0, 1999), ("a", 0, 5000)]);
    for (committed, now, surely) in
        [(false, 11_600, 2), (true, 11_600, 2), (false, 10_015, 0), (true, 10_015, 0)]
    {
        let opened = Opened::paged(&context, &CUT, 1).await?;
        put(&*opened.store, &rows).await?;
        if committed {
            opened.commit().await?;
        }
        let mut all = opened.store.all(Order::Forward);
        let mut told: Vec<Row> = all.try_next().await?.into_iter().collect();
        opened.store.put(&"z".to_owned(), AT(now, now), Some(&9)).await?;
        while let Some(row) = all.try_next().await? {
            told.push(row);
        }
        told.retain(|(key, ..)| key != "z");
        ensure!(told.is_sorted_by_key(|(_, _, number)| *number), "{told:?}");
        ensure!(rows[surely..].iter().all(|row| told.contains(row)), "{now}: {told:?}");
        let live = |(_, session, _): &&Row| session.end > now - 10_000;
        let mut expected: Vec<Row> = rows.iter().filter(live).cloned().collect();
        expected.push(("z".to_owned(), AT(now, now), 9));
        let found = collect(opened.store.all(Order::Forward)).await?;
        ensure!(found == expected, "a new one at {now}: {found:?}");
        // Time of the next round begins anew.
        opened.task.close().await?;
        context.database().await?.destroy("app", 0).await?;
    }
    Ok(())
}
