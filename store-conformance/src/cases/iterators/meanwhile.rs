//! Scans of a store that is written meanwhile.

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use store_core::{EngineConfig, Task, prelude::*};

use crate::{
    Context,
    cases::key_value::tools::{NUMBERS, Rows, TEXTS, numbers, puts, texts},
};

/// Settings that make many pages of few entries.
pub(crate) fn small_pages() -> EngineConfig {
    let mut config = EngineConfig::default();
    config.page_entries = 2;
    config
}

/// The rows of a scan whose first one is taken before something is written.
async fn interrupted<K, V>(
    mut scan: Rows<K, V>,
    write: impl Future<Output = Result<()>>,
) -> Result<Vec<(K, V)>> {
    let mut rows: Vec<_> = scan.try_next().await?.into_iter().collect();
    write.await?;
    while let Some(row) = scan.try_next().await? {
        rows.push(row);
    }
    Ok(rows)
}

async fn committed(task: &Task, when: bool) -> Result<()> {
    if when {
        task.commit(()).await?;
    }
    Ok(())
}

/// Whether what is written is committed: never, before the scan begins, or also while it runs.
const COMMITS: [(bool, bool); 3] = [(false, false), (true, false), (true, true)];

pub(crate) async fn its_only_key_is_deleted(context: Context) -> Result<()> {
    for (before, meanwhile) in COMMITS {
        let task = context.task().await?.store(&NUMBERS).open().await?;
        let store = task.store(&NUMBERS)?;
        store.put(&1, &numbers([1])[0].1).await?;
        committed(&task, before).await?;
        for order in [Order::Forward, Order::Backward] {
            let scan = store.range(None, None, order);
            store.delete(&1).await?;
            committed(&task, meanwhile).await?;
            let found: Vec<_> = scan.try_collect().await?;
            ensure!(found.is_empty() || found == numbers([1]), "{found:?}");
            store.put(&1, &numbers([1])[0].1).await?;
            committed(&task, meanwhile).await?;
        }
    }
    Ok(())
}

pub(crate) async fn a_key_is_put_inside(context: Context) -> Result<()> {
    for (before, meanwhile) in COMMITS {
        for order in [Order::Forward, Order::Backward] {
            let database = context.database_with(small_pages()).await?;
            let task = database.task("app", 0).store(&NUMBERS).open().await?;
            let store = task.store(&NUMBERS)?;
            store.delete(&5).await?;
            store.put_all(puts(numbers([0, 2, 4, 6, 8, 10]))).await?;
            committed(&task, before).await?;
            let write = async {
                store.put(&5, &numbers([5])[0].1).await?;
                committed(&task, meanwhile).await
            };
            let mut found = interrupted(store.range(Some(2), Some(8), order), write).await?;
            if order == Order::Backward {
                found.reverse();
            }
            found.retain(|(key, _)| *key != 5);
            ensure!(found == numbers([2, 4, 6, 8]), "{order:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn a_key_of_its_prefix_is_deleted(context: Context) -> Result<()> {
    let stored = ["a", "k1", "k2", "k3", "k4", "k5", "z"];
    for (before, meanwhile) in COMMITS {
        for order in [Order::Forward, Order::Backward] {
            let database = context.database_with(small_pages()).await?;
            let task = database.task("app", 0).store(&TEXTS).open().await?;
            let store = task.store(&TEXTS)?;
            store.put_all(puts(texts(stored))).await?;
            committed(&task, before).await?;
            let write = async {
                store.delete(&"k3".to_owned()).await?;
                committed(&task, meanwhile).await
            };
            let mut found = interrupted(store.prefix("k", order)?, write).await?;
            if order == Order::Backward {
                found.reverse();
            }
            found.retain(|(key, _)| key != "k3");
            ensure!(found == texts(["k1", "k2", "k4", "k5"]), "{order:?}: {found:?}");
        }
    }
    Ok(())
}
