//! The process dies while versions move.

use anyhow::{Result, bail, ensure};
use store_core::{Effect, layers::Fault, prelude::*};

use super::tools::{I, RATES, Record, record, text};
use crate::{
    Context,
    cases::{
        stages::{Opened, STAGES},
        timed::collect,
        tools::faulty,
    },
};

pub(crate) async fn no_version_is_lost(context: Context) -> Result<()> {
    let old = vec![record("a", 10, 30), record("c", 30, None)];
    // One becomes the latest, in another segment than that of the one it supersedes, and one is cut.
    let new = vec![
        record("a", 10, 20),
        record("b", 20, 30),
        record("c", 30, I + 5),
        record("d", I + 5, None),
    ];
    for fate in [None, Some(Fault::LostRequest), Some(Fault::LostReply)] {
        let (backend, database) = faulty(&context).await?;
        let task = database.task("app", 0).store(&RATES).open().await?;
        let (rates, k) = (task.store(&RATES)?, text("k"));
        rates.put(&k, Some(&text("a")), 10).await?;
        rates.put(&k, Some(&text("c")), 30).await?;
        task.commit(()).await?;
        rates.put(&k, Some(&text("d")), I + 5).await?;
        rates.put(&k, Some(&text("b")), 20).await?;
        if let Some(fate) = fate {
            backend.commits([fate]);
            let Err(error) = task.commit(()).await else { bail!("the reply was not lost") };
            ensure!(error.effect() == Effect::Unknown, "{error:?}");
        }
        drop((task, rates, database, backend));
        let expected: &[Record] = if fate == Some(Fault::LostReply) { &new } else { &old };
        let mut opened = Opened::new(&context, &RATES).await?;
        for stage in STAGES {
            let rates = opened.at(stage).await?;
            let found = collect(rates.history(&k, 0, 2 * I, Order::Forward)).await?;
            ensure!(found == expected, "{stage:?}, {fate:?}: {found:?}");
            ensure!(rates.get(&k).await?.as_ref() == expected.last(), "{stage:?}, {fate:?}");
            // No gap: each is found to the last moment of it.
            for record in expected {
                let last = record.valid_to.map_or(2 * I, |end| end - 1);
                let found = rates.get_as_of(&k, last).await?;
                ensure!(found.as_ref() == Some(record), "{stage:?}, {fate:?}: {found:?}");
            }
        }
    }
    Ok(())
}
