//! Commits of every kind of store, and what a reader and the next owner see.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use store_core::{Task, prelude::*};

use crate::{
    Context,
    cases::tools::{committed, delete, holds, open, put, rows},
};

const LONG: Duration = Duration::from_secs(1);
static WINDOWS: Window<String, u64> =
    Window::new("windows", Duration::from_millis(10), LONG).segments(Duration::from_millis(20));
static SESSIONS: Session<String, u64> =
    Session::new("sessions", LONG).segments(Duration::from_millis(20));

fn key() -> String {
    "k".to_owned()
}

pub(crate) async fn what_is_not_committed_goes(context: Context) -> Result<()> {
    for committed in [&[][..], &[("a", "1")]] {
        let context = context.fresh().await?;
        let (task, store) = open(&context).await?;
        if !committed.is_empty() {
            put(&store, committed).await?;
            task.commit(()).await?;
        }
        put(&store, &[("a", "2"), ("b", "2")]).await?;
        task.close().await?;
        holds(&*open(&context).await?.1, committed).await?;
        // Not closed, but dropped, as a crash leaves it.
        let (task, store) = open(&context).await?;
        put(&store, &[("a", "3"), ("c", "3")]).await?;
        drop((task, store));
        holds(&*open(&context).await?.1, committed).await?;
    }
    Ok(())
}

type Windows = Arc<dyn WindowStore<String, u64>>;

async fn windows(context: &Context) -> Result<(Task, Windows)> {
    let task = context.task().await?.store(&WINDOWS).open().await?;
    let store = task.store(&WINDOWS)?;
    Ok((task, store))
}

async fn windows_are(store: &Windows, expected: &[(i64, u64)]) -> Result<()> {
    let found = rows(store.fetch(&key(), 0, 100, Order::Forward)).await?;
    ensure!(found == expected, "{found:?}, expected {expected:?}");
    let mut found = rows(store.all(Order::Backward)).await?;
    found.reverse();
    let found: Vec<_> = found.into_iter().map(|(at, value)| (at.start, value)).collect();
    ensure!(found == expected, "backward {found:?}, expected {expected:?}");
    for start in [10, 20, 50] {
        let value = expected.iter().find(|(at, _)| *at == start).map(|(_, value)| *value);
        ensure!(store.get(&key(), start).await? == value, "the window at {start}");
    }
    Ok(())
}

pub(crate) async fn windows_over_commits(context: Context) -> Result<()> {
    let (task, store) = windows(&context).await?;
    store.put(&key(), 10, Some(&1)).await?;
    task.commit(()).await?;
    store.put(&key(), 20, Some(&2)).await?;
    store.put(&key(), 50, Some(&5)).await?;
    for _ in 0..2 {
        windows_are(&store, &[(10, 1), (20, 2), (50, 5)]).await?;
        task.commit(()).await?;
    }
    store.put(&key(), 20, None).await?;
    for _ in 0..2 {
        windows_are(&store, &[(10, 1), (50, 5)]).await?;
        task.commit(()).await?;
    }
    windows_are(&windows(&context).await?.1, &[(10, 1), (50, 5)]).await
}

type Sessions = Arc<dyn SessionStore<String, u64>>;

async fn sessions(context: &Context) -> Result<(Task, Sessions)> {
    let task = context.task().await?.store(&SESSIONS).open().await?;
    let store = task.store(&SESSIONS)?;
    Ok((task, store))
}

async fn sessions_are(store: &Sessions, expected: &[(SessionWindow, u64)]) -> Result<()> {
    let found = rows(store.fetch(&key(), Order::Forward)).await?;
    ensure!(found == expected, "{found:?}, expected {expected:?}");
    let mut found = rows(store.all(Order::Backward)).await?;
    found.reverse();
    let found: Vec<_> = found.into_iter().map(|(_, at, value)| (at, value)).collect();
    ensure!(found == expected, "backward {found:?}, expected {expected:?}");
    for (at, value) in expected {
        ensure!(store.get(&key(), *at).await? == Some(*value), "the session {at:?}");
    }
    Ok(())
}

pub(crate) async fn sessions_over_commits(context: Context) -> Result<()> {
    let [early, middle, late] =
        [(0, 10), (15, 30), (40, 60)].map(|(start, end)| SessionWindow::new(start, end));
    let (task, store) = sessions(&context).await?;
    store.put(&key(), early, Some(&1)).await?;
    task.commit(()).await?;
    store.put(&key(), middle, Some(&2)).await?;
    store.put(&key(), late, Some(&3)).await?;
    for _ in 0..2 {
        sessions_are(&store, &[(early, 1), (middle, 2), (late, 3)]).await?;
        task.commit(()).await?;
    }
    store.put(&key(), middle, None).await?;
    store.remove(&key(), early).await?;
    for _ in 0..2 {
        sessions_are(&store, &[(late, 3)]).await?;
        ensure!(store.get(&key(), middle).await?.is_none());
        ensure!(store.get(&key(), early).await?.is_none());
        task.commit(()).await?;
    }
    sessions_are(&sessions(&context).await?.1, &[(late, 3)]).await
}

pub(crate) async fn readers_see_commits_only(context: Context) -> Result<()> {
    let (task, store) = open(&context).await?;
    put(&store, &[("a", "1"), ("b", "1")]).await?;
    task.commit(()).await?;
    let reader = committed(&context).await?;
    put(&store, &[("a", "2"), ("c", "2")]).await?;
    delete(&store, &["b"]).await?;
    for reader in [reader.clone(), committed(&context).await?] {
        holds(&*reader, &[("a", "1"), ("b", "1")]).await?;
        ensure!(reader.get(&"c".into()).await?.is_none());
    }
    holds(&*store, &[("a", "2"), ("c", "2")]).await?;
    task.rollback().await?;
    holds(&*reader, &[("a", "1"), ("b", "1")]).await?;
    put(&store, &[("c", "3")]).await?;
    task.commit(()).await?;
    for reader in [reader, committed(&context).await?] {
        holds(&*reader, &[("a", "1"), ("b", "1"), ("c", "3")]).await?;
    }
    Ok(())
}

/// A change log is nowhere: the state is read back as it was committed.
pub(crate) async fn no_log_is_needed(context: Context) -> Result<()> {
    let entries: Vec<String> = (0..200).map(|n| format!("{n:03}")).collect();
    let entries: Vec<(&str, &str)> = entries.iter().map(|n| (&**n, "v")).collect();
    let (task, store) = open(&context).await?;
    put(&store, &entries).await?;
    task.commit([("s", 200)]).await?;
    task.close().await?;
    drop((task, store));
    let (task, store) = open(&context).await?;
    ensure!(task.checkpoint()?.offsets["s"] == 200);
    holds(&*store, &entries).await
}
