//! A short run of the crash harness on every backend that persists, and faults that it must notice.
//!
//! `CRASH_SEED` chooses other kills. The long run is a command: see `docs/crash-tests.md`.

use std::{
    env,
    path::Path,
    process::ExitCode,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, bail, ensure};
use integration_tests::{
    block_on,
    crash::{ContainerSite, EmbeddedSite, Fault, Kind, Options, RedisSite, Site, Tally, run},
    run as run_trials, turns,
};
use libtest_mimic::Trial;

const WORKER: &str = env!("CARGO_BIN_EXE_crash");

/// Held by the server on Java that runs: a small machine has memory and cores for one.
fn java() -> MutexGuard<'static, ()> {
    static JAVA: Mutex<()> = Mutex::new(());
    JAVA.lock().unwrap_or_else(PoisonError::into_inner)
}

fn main() -> ExitCode {
    let mut trials = vec![
        Trial::test("embedded::survives", || block_on(survives(EmbeddedSite::new()?, 8))),
        Trial::test("redis::survives", || block_on(survives(RedisSite::durable()?, 12))),
        Trial::test("embedded::survives_between_a_map_and_its_commit", || {
            block_on(survives_a_step(EmbeddedSite::new()?, "embedded::map_made", 5))
        }),
        Trial::test("redis::gaps_are_noticed", || block_on(gaps_are_noticed())),
        Trial::test("redis::notices::FenceIgnored", || {
            block_on(notices(RedisSite::durable()?, Fault::FenceIgnored, "", Kind::Duel))
        }),
        Trial::test("redis::notices::engine::rollback-keeps-writes", || {
            let points = "engine::rollback-keeps-writes=return";
            block_on(notices(RedisSite::durable()?, Fault::None, points, Kind::CutOff))
        }),
    ];
    for kind in turns().flatten() {
        trials.push(Trial::test(format!("{kind}::survives"), move || {
            let _alone = java();
            block_on(survives(ContainerSite::new(kind)?, 4))
        }));
    }
    for (fault, kind) in [
        (Fault::HalfCommit, Kind::Kill),
        (Fault::DeletesLost, Kind::Kill),
        (Fault::AcknowledgedEarly, Kind::Kill),
        (Fault::OffsetsOld, Kind::Kill),
        (Fault::FenceIgnored, Kind::Duel),
    ] {
        let name = format!("embedded::notices::{fault:?}");
        trials.push(Trial::test(name, move || {
            block_on(notices(EmbeddedSite::new()?, fault, "", kind))
        }));
    }
    for fault in ["engine::offsets-lost", "engine::own-writes-unseen"] {
        trials.push(Trial::test(format!("embedded::notices::{fault}"), move || {
            let points = format!("{fault}=return");
            block_on(notices(EmbeddedSite::new()?, Fault::None, &points, Kind::Kill))
        }));
    }
    run_trials(trials, ())
}

fn seed() -> Result<u64> {
    env::var("CRASH_SEED").map_or(Ok(1), |seed| seed.parse().context("CRASH_SEED is a number"))
}

async fn survives(site: impl Site, cycles: u64) -> Result<()> {
    let mut site = site;
    let tally = run(&mut site, Path::new(WORKER), &Options::new(seed()?, cycles)).await;
    sound(&tally)?;
    for (kind, row) in &tally.rows {
        ensure!(row.happened > 0, "{} never happened: {tally}", kind.name());
    }
    Ok(())
}

async fn survives_a_step(mut site: impl Site, step: &str, cycles: u64) -> Result<()> {
    let mut options = Options::new(seed()?, cycles);
    (options.only, options.step) = (Some(Kind::Step), Some(step.to_owned()));
    let tally = run(&mut site, Path::new(WORKER), &options).await;
    ensure!(tally.failures.is_empty(), "seed {}: {:?}", seed()?, tally.failures);
    ensure!(tally.rows.values().any(|row| row.happened > 0), "nobody died: {tally}");
    Ok(())
}

/// With persistence off a killed server has lost what it acknowledged; no owner goes on as if it had not.
async fn gaps_are_noticed() -> Result<()> {
    let mut site = RedisSite::forgetful()?;
    let tally = run(&mut site, Path::new(WORKER), &Options::new(seed()?, 4)).await;
    sound(&tally)?;
    ensure!(tally.gaps > 0, "no gap was met: {tally}");
    Ok(())
}

fn sound(tally: &Tally) -> Result<()> {
    ensure!(tally.failures.is_empty(), "seed {}: {:?}", seed()?, tally.failures);
    ensure!(tally.acknowledged > 0 && tally.records > 0, "nothing was done: {tally}");
    Ok(())
}

/// A broken backend or engine does not come through a run.
async fn notices(mut site: impl Site, fault: Fault, fail_points: &str, kind: Kind) -> Result<()> {
    let (seed, mut told) = (seed()?, String::new());
    // A fault may hold everything up before it loses something: another seed tries another course.
    for seed in (0..3).map(|attempt| seed.wrapping_add(attempt)) {
        let mut options = Options::new(seed, 6);
        (options.fault, options.only) = (fault, Some(kind));
        fail_points.clone_into(&mut options.fail_points);
        let tally = run(&mut site, Path::new(WORKER), &options).await;
        if tally.rows.values().any(|row| row.lost + row.wrong > 0) {
            return Ok(());
        }
        told = tally.to_string();
    }
    bail!("{fault:?} {fail_points} was not noticed: {told}")
}
