//! Windows that are put again before and after a commit.

use std::sync::Arc;

use anyhow::{Result, ensure};
use store_core::{EngineConfig, backend::MapChange, prelude::*};

use super::{
    mixed::{TEXTS, half_committed, row},
    tools::{put, rows},
};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES},
        timed::collect,
        watched::Watched,
    },
};

pub(crate) async fn uncommitted_windows_are_read(context: Context) -> Result<()> {
    let mut opened = Opened::new(&context, &TEXTS).await?;
    put(&*opened.store, &[row("a", 10, 1), row("b", 10, 2)]).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for (key, value) in [("a", 1), ("b", 2)] {
            let key = key.to_owned();
            ensure!(windows.get(&key, 10).await? == Some(value), "{stage:?}");
            ensure!(windows.get(&key, 9).await?.is_none(), "{stage:?}");
            for order in ORDERS {
                ensure!(collect(windows.fetch(&key, 10, 10, order)).await? == [(10, value)]);
                ensure!(collect(windows.fetch(&key, 11, 99, order)).await?.is_empty());
            }
        }
        ensure!(windows.get(&"c".to_owned(), 10).await?.is_none(), "{stage:?}");
    }
    Ok(())
}

pub(crate) async fn a_later_put_hides_a_committed_one(context: Context) -> Result<()> {
    let mut opened = half_committed(&context, &[row("k", 10, 1), row("k", 10, 2)]).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        ensure!(windows.get(&"k".to_owned(), 10).await? == Some(2), "{stage:?}");
        for order in ORDERS {
            let found = rows(windows.all(order)).await?;
            ensure!(found == [row("k", 10, 2)], "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

/// What a commit does to the rows of the store: the values it puts, none where it deletes.
fn written(backend: &Watched) -> Vec<Option<Vec<u8>>> {
    let commit = backend.last_commit();
    let writes = commit.values().filter_map(|change| match change {
        MapChange::Write(writes) => Some(writes.values()),
        MapChange::Drop => None,
    });
    writes.flatten().map(|put| put.as_ref().map(|put| put.value.to_vec())).collect()
}

pub(crate) async fn puts_of_one_window_are_one_write(context: Context) -> Result<()> {
    let backend = Arc::new(Watched::new(context.backend().await?));
    let database = Database::with(backend.clone(), EngineConfig::default())?;
    let task = database.task("app", 0).store(&TEXTS).open().await?;
    let windows = task.store(&TEXTS)?;
    let k = "k".to_owned();
    windows.put(&k, 10, Some(&1)).await?;
    task.commit(()).await?;
    ensure!(written(&backend) == [Some(b"1".to_vec())]);
    windows.put(&k, 10, Some(&2)).await?;
    windows.put(&k, 10, Some(&3)).await?;
    task.commit(()).await?;
    ensure!(written(&backend) == [Some(b"3".to_vec())], "{:?}", backend.last_commit());
    windows.put(&k, 10, Some(&4)).await?;
    windows.put(&k, 10, None).await?;
    task.commit(()).await?;
    ensure!(written(&backend) == [None], "{:?}", backend.last_commit());
    Ok(())
}

pub(crate) async fn nothing_comes_twice_while_commits_go_on(context: Context) -> Result<()> {
    let mut opened = Opened::paged(&context, &TEXTS, 3).await?;
    let mut model = Vec::new();
    for n in 0..20_u32 {
        let new = row(["a", "b", "c"][n as usize % 3], i64::from(n / 3) * 40, n);
        // Every fifth record is for a window that is there already.
        if n % 5 == 4 {
            let again: &mut (String, i64, u32) = &mut model[n as usize / 2];
            again.2 = n;
            put(&*opened.store, std::slice::from_ref(again)).await?;
        } else {
            put(&*opened.store, std::slice::from_ref(&new)).await?;
            model.push(new);
        }
        if n % 4 == 3 {
            opened.commit().await?;
        }
        // Segment by segment, inside a segment by key.
        let mut expected = model.clone();
        expected.sort_by_key(|(key, start, _)| (start / 100, key.clone(), *start));
        let found = rows(opened.store.all(Order::Forward)).await?;
        ensure!(found == expected, "after {n}: {found:?}");
    }
    let expected = rows(opened.store.all(Order::Forward)).await?;
    for stage in STAGES {
        let found = rows(opened.at(stage).await?.all(Order::Forward)).await?;
        ensure!(found == expected, "{stage:?}: {found:?}");
    }
    Ok(())
}
