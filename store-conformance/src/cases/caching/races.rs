//! Commits, reads and other owners that cross each other.

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use store_core::{
    Effect,
    layers::{CallKind, Fault},
    prelude::*,
};

use crate::{
    Context,
    cases::tools::{bytes, delete, faulty, holds, open, open_on, put, rows},
};

/// A scan fetches a page, a commit moves all entries from the buffer to the backend, and the scan goes on.
async fn a_commit_between_pages(context: Context) -> Result<()> {
    let names: Vec<String> = (100..140).map(|n| n.to_string()).collect();
    for (order, taken) in [Order::Forward, Order::Backward]
        .into_iter()
        .flat_map(|order| [1, 2, 5, 39].map(|taken| (order, taken)))
    {
        let context = context.fresh().await?;
        let mut config = context.config();
        config.page_entries = 2;
        let (task, store) = open_on(&context.database_with(config).await?).await?;
        let entries: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "v")).collect();
        let (base, staged): (Vec<_>, Vec<_>) =
            entries.iter().copied().enumerate().partition(|(n, _)| n % 3 == 0);
        put(&store, &base.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>()).await?;
        task.commit(()).await?;
        put(&store, &staged.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>()).await?;
        let mut scan = store.range(None, None, order);
        let mut found = Vec::new();
        for _ in 0..taken {
            found.extend(scan.try_next().await?);
        }
        task.commit(()).await?;
        found.extend(rows(scan).await?);
        let mut found: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
        if order == Order::Backward {
            found.reverse();
        }
        let expected: Vec<_> = names.iter().map(bytes).collect();
        ensure!(found == expected, "{order:?}, committed after {taken}: {found:?}");
    }
    Ok(())
}

/// A page was answered, a commit moves all entries from the buffer to the backend, and then the page gets here.
async fn a_commit_behind_a_page(context: Context) -> Result<()> {
    let (line, database) = faulty(&context).await?;
    let (task, store) = open_on(&database).await?;
    put(&store, &[("1", "old"), ("3", "old"), ("4", "old")]).await?;
    task.commit(()).await?;
    for order in [Order::Forward, Order::Backward] {
        put(&store, &[("2", "new"), ("3", "new"), ("5", "new")]).await?;
        delete(&store, &["4"]).await?;
        line.hold_answers(&CallKind::READS);
        let scan = tokio::spawn(rows(store.range(None, None, order)));
        line.held().await;
        task.commit(()).await?;
        line.release();
        let mut found = scan.await??;
        if order == Order::Backward {
            found.reverse();
        }
        let expected = [("1", "old"), ("2", "new"), ("3", "new"), ("5", "new")]
            .map(|(key, value)| (bytes(key), bytes(value)));
        ensure!(found == expected, "{order:?}: {found:?}");
        // As it was.
        put(&store, &[("3", "old"), ("4", "old")]).await?;
        delete(&store, &["2", "5"]).await?;
        task.commit(()).await?;
    }
    Ok(())
}

pub(crate) async fn commits_inside_a_scan(context: Context) -> Result<()> {
    a_commit_between_pages(context.fresh().await?).await?;
    a_commit_behind_a_page(context).await
}

/// An answer from before a write gets here after it, and after its commit.
pub(crate) async fn an_old_answer_hides_no_write(context: Context) -> Result<()> {
    let (line, database) = faulty(&context).await?;
    for (round, committed) in [(0, false), (1, true)] {
        let (task, store) = open_on(&database).await?;
        let (old, new) = (format!("old {round}"), format!("new {round}"));
        put(&store, &[("k", &old)]).await?;
        delete(&store, &["absent"]).await?;
        task.commit(()).await?;
        // A new claim, which knows nothing yet.
        let (task, store) = open_on(&database).await?;
        line.hold_answers(&CallKind::READS);
        let reads = ["k", "absent"].map(|key| {
            let store = store.clone();
            tokio::spawn(async move { store.get(&bytes(key)).await })
        });
        line.held().await;
        put(&store, &[("k", &new), ("absent", &new)]).await?;
        if committed {
            task.commit(()).await?;
        }
        line.release();
        for read in reads {
            // Of before or of after: both were there while it was read.
            read.await??;
        }
        // Before any scan, which may mend what the cache got wrong.
        let now = store.get_many(&["absent", "k"].map(bytes)).await?;
        ensure!(now == [Some(bytes(&new)), Some(bytes(&new))], "reads after {new} give {now:?}");
        for _ in 0..2 {
            holds(&*store, &[("absent", &new), ("k", &new)]).await?;
            task.commit(()).await?;
        }
    }
    Ok(())
}

/// What a commit held that was refused and then rolled back is nowhere, also not among what was kept for later reads.
pub(crate) async fn a_refused_commit_is_forgotten(context: Context) -> Result<()> {
    let (line, database) = faulty(&context).await?;
    let (task, store) = open_on(&database).await?;
    put(&store, &[("changed", "old"), ("deleted", "old")]).await?;
    task.commit(()).await?;
    put(&store, &[("changed", "new"), ("put", "new")]).await?;
    delete(&store, &["deleted"]).await?;
    line.commits([Fault::Refused]);
    let refused = task.commit(()).await.err().map(|error| error.effect());
    ensure!(refused == Some(Effect::NotApplied), "{refused:?}");
    task.rollback().await?;
    // Before any scan, which may mend what the cache got wrong.
    let found = store.get_many(&["changed", "deleted", "put"].map(bytes)).await?;
    ensure!(found == [Some(bytes("old")), Some(bytes("old")), None], "{found:?}");
    for _ in 0..2 {
        holds(&*store, &[("changed", "old"), ("deleted", "old")]).await?;
        task.commit(()).await?;
    }
    Ok(())
}

/// What an earlier life of the task knew is not believed after others have written.
pub(crate) async fn an_earlier_life_is_forgotten(context: Context) -> Result<()> {
    let database = context.database().await?;
    let (task, store) = open_on(&database).await?;
    put(&store, &[("a", "1"), ("b", "1")]).await?;
    task.commit(()).await?;
    holds(&*store, &[("a", "1"), ("b", "1")]).await?;
    ensure!(store.get(&bytes("c")).await?.is_none());
    put(&store, &[("d", "never committed")]).await?;
    task.close().await?;

    let (other, others) = open(&context).await?;
    put(&others, &[("a", "2"), ("c", "2")]).await?;
    delete(&others, &["b"]).await?;
    other.commit(()).await?;
    other.close().await?;

    let (task, store) = open_on(&database).await?;
    holds(&*store, &[("a", "2"), ("c", "2")]).await?;
    for absent in ["b", "d"] {
        ensure!(store.get(&bytes(absent)).await?.is_none(), "{absent} is still known");
    }
    put(&store, &[("b", "3")]).await?;
    task.commit(()).await?;
    holds(&*store, &[("a", "2"), ("b", "3"), ("c", "2")]).await
}
