//! Calls that a layer repeats (L08, R11).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use store_core::{
    Effect,
    layers::{CallKind, Fault, Faults, Retry, RetryConfig},
    prelude::*,
};

use crate::{
    Context,
    cases::tools::{holds, open, open_on, put},
};

/// Milliseconds.
const BUDGET: u64 = 60_000;
const LONGEST: u64 = 1000;

/// A database that repeats calls; pauses take no time, and are added up.
async fn repeating(context: &Context) -> Result<(Faults, Database, Arc<AtomicU64>)> {
    let (line, paused) = (Faults::none(), Arc::new(AtomicU64::new(0)));
    let mut config = RetryConfig::default();
    (config.retry_budget_ms, config.retry_longest_pause_ms) = (BUDGET, LONGEST);
    let retry = Retry::new(config, {
        let paused = paused.clone();
        move |pause: Duration| {
            let pause = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
            paused.fetch_add(pause, Ordering::Relaxed);
            std::future::ready(())
        }
    })?;
    let database = context.database().await?.layer(line.clone()).layer(retry);
    Ok((line, database, paused))
}

/// Attempts that nobody answers are made again, and what they did is done once.
pub(crate) async fn a_timeout_inside_a_retry(context: Context) -> Result<()> {
    let (line, database, _) = repeating(&context).await?;
    let lost = [Fault::LostReply, Fault::LostRequest, Fault::Refused];
    for kind in CallKind::ALL {
        line.on(&[kind], lost);
    }
    let (task, store) = open_on(&database).await?;
    put(&store, &[("a", "1"), ("b", "2")]).await?;
    task.commit([("s", 1)]).await?;
    holds(&*store, &[("a", "1"), ("b", "2")]).await?;
    for kind in [CallKind::Claim, CallKind::Commit, CallKind::Apply] {
        ensure!(line.calls(kind) == 4, "{} was sent {} times", kind.name(), line.calls(kind));
    }
    ensure!(task.checkpoint()?.sequence == 1, "a commit that was sent four times counts once");
    let summaries = database.tasks("app").await?;
    ensure!(summaries.len() == 1 && summaries[0].epoch == 1, "{summaries:?}");
    task.close().await?;
    holds(&*open(&context).await?.1, &[("a", "1"), ("b", "2")]).await?;
    database.destroy("app", 0).await?;
    ensure!(line.calls(CallKind::Destroy) > 1, "destroy met no fault");
    let gone = database.destroy("app", 0).await.map_err(|error| error.kind());
    ensure!(gone == Err(ErrorKind::NotFound), "{gone:?}");
    Ok(())
}

/// Within the budget there are more attempts, beyond it there are none, and the error says so.
pub(crate) async fn exhausted_retries_tell(context: Context) -> Result<()> {
    let (line, database, paused) = repeating(&context).await?;
    let (task, store) = open_on(&database).await?;
    put(&store, &[("a", "1")]).await?;
    // More than the budget has room for, and one of them of unknown outcome.
    line.commits([Fault::LostReply]);
    line.commits([Fault::Refused; 100_000]);
    let error = task.commit([("s", 1)]).await.err().context("it succeeded")?;
    let attempts = line.calls(CallKind::Commit);
    ensure!(error.kind() == ErrorKind::Throttled, "{error}");
    ensure!(error.effect() == Effect::Unknown, "the first attempt may have been decided");
    ensure!(error.to_string().contains(&format!("attempt {attempts}")), "{attempts}: {error}");
    let spent = paused.load(Ordering::Relaxed) / 1000;
    ensure!((BUDGET - LONGEST..=BUDGET).contains(&spent), "{spent} ms of {BUDGET} were used");
    ensure!(attempts >= BUDGET / LONGEST, "{attempts} attempts");
    // What is not to be tried again is not.
    let other = open(&context).await?.0;
    line.clear();
    // That the first attempt was decided may be known, and said, after the claim of another.
    let mut fenced = task.commit([("s", 1)]).await.err();
    if fenced.is_none() {
        line.clear();
        fenced = task.commit([("s", 2)]).await.err();
    }
    let fenced = fenced.context("it was not fenced")?;
    ensure!(fenced.kind() == ErrorKind::Fenced, "{fenced}");
    ensure!(line.calls(CallKind::Commit) == 1, "a fenced commit was sent again");
    ensure!(other.checkpoint()?.sequence == 1, "the first attempt was decided");
    Ok(())
}
