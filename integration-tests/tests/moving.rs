//! Moving state between every two backends, with every kind of store, and cut off on the way.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use integration_tests::{Place, Sort, block_on, run_with_servers};
use libtest_mimic::Trial;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::{
    Database,
    backend::TaskId,
    layers::CutOff,
    prelude::*,
    transfer::{self, MoveOptions, Outcome, Progress},
};

fn main() -> ExitCode {
    run_with_servers(|servers| {
        let mut trials = Vec::new();
        for from in Sort::ALL {
            for to in Sort::ALL.into_iter().filter(|to| servers.take(&[from, *to])) {
                let servers = servers.clone();
                trials.push(Trial::test(format!("{from}_to_{to}"), move || {
                    block_on(moved(servers.place(from)?, servers.place(to)?))
                }));
            }
        }
        trials
    })
}

const HUNDRED: Duration = Duration::from_millis(100);

/// Random operations on a store of each kind; segments expire on the way.
async fn fill(database: &Database, offset: i64) -> Result<()> {
    let counts = KeyValue::<u64, String>::new("counts");
    let prices = TimestampedKeyValue::<u64, u64>::new("prices");
    let clicks = Window::<u64, u64>::new("clicks", Duration::from_millis(10), HUNDRED);
    let events = Window::<u64, u64>::new("events", Duration::from_millis(10), HUNDRED).duplicates();
    let visits = Session::<u64, u64>::new("visits", HUNDRED);
    let rates = VersionedKeyValue::<u64, u64>::new("rates", HUNDRED);
    let task = database.task("moving", 1).store(&counts).store(&prices).store(&clicks);
    let task = task.store(&events).store(&visits).store(&rates).open().await?;
    let (counts, prices) = (task.store(&counts)?, task.store(&prices)?);
    let (clicks, events) = (task.store(&clicks)?, task.store(&events)?);
    let (visits, rates) = (task.store(&visits)?, task.store(&rates)?);
    // A run is the same every time.
    let mut random = StdRng::seed_from_u64(offset.unsigned_abs());
    for step in 0..400 {
        let (key, value) = (random.random_range(0..60), random.random_range(0..1000));
        let time = step + random.random_range(0..60);
        counts.put(&key, &format!("value {value}")).await?;
        counts.delete(&random.random_range(0..60)).await?;
        prices.put(&key, &Timestamped::new(value, time)).await?;
        clicks.put(&key, time, Some(&value)).await?;
        events.put(&key, time, Some(&value)).await?;
        visits.put(&key, SessionWindow::new(time, time + 5), Some(&value)).await?;
        rates.put(&key, (value % 7 != 0).then_some(&value), time).await?;
        if step % 50 == 0 {
            task.commit([("source", offset + step)]).await?;
        }
    }
    task.commit([("source", offset + 400)]).await?;
    Ok(task.close().await?)
}

/// Moves, cut off again and again; goes on at the other place as at the first one.
async fn moved(source: Place, target: Place) -> Result<()> {
    let task = TaskId::new("moving", 1)?;
    let from = source.database().await?;
    fill(&from, 1000).await?;
    let quiet = |_: Progress<'_>| {};
    let before = transfer::content(&from, &task, &quiet).await?;
    let mut options = MoveOptions::default();
    options.batch_entries = 7;
    let mut cuts = 0_u64;
    for calls in [3, 5, 9, 20, 40] {
        let cut_off = CutOff::after(calls);
        let to = target.database().await?.layer(cut_off.clone());
        tokio::select! {
            biased;
            () = cut_off.cut() => cuts += 1,
            moved = transfer::copy(&from, &to, &task, &options, &quiet) => drop(moved?),
        }
        let database = target.database().await?;
        if let Ok(reader) = database.read("moving", 1).await
            && reader.checkpoint().await?.unfinished.is_some()
        {
            let refused = database.task("moving", 1).open().await.err().context("opened")?;
            ensure!(refused.kind() == ErrorKind::Locked, "{refused}");
        }
    }
    ensure!(cuts >= 3, "only {cuts} moves were cut off");
    let to = target.database().await?;
    let moved = transfer::copy(&from, &to, &task, &options, &quiet).await?;
    ensure!(moved.outcome == Outcome::Resumed, "{:?}", moved.outcome);
    ensure!(moved.written < before.entries(), "all was copied again");
    ensure!(moved.content == before, "what was moved differs");
    ensure!(transfer::content(&from, &task, &quiet).await? == before, "the source changed");
    // Both go on, and stay the same.
    fill(&from, 3000).await?;
    fill(&to, 3000).await?;
    let (one, two) = (
        transfer::content(&from, &task, &quiet).await?,
        transfer::content(&to, &task, &quiet).await?,
    );
    ensure!(one == two, "{}", one.differences(&two).join(", "));
    Ok(())
}
