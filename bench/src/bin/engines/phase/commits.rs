//! Synced atomic commits over two maps of a task, with a checkpoint record.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use anyhow::{Result, anyhow};

use super::{Context, per_second};
use crate::{
    data,
    engine::{Engine, Write},
    process::written_bytes,
};

pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    for entries in [1, 100, 10_000] {
        let (before, mut commits) = (written_bytes()?, 0);
        let rate = per_second(context.budget(), |n| {
            commits = n + 1;
            context.engine.commit(batch(n % 4, n, entries, context.size.entries))
        })?;
        let written = (written_bytes()? - before) as f64 / (commits * (entries + 1)) as f64;
        context.numbers.set(&format!("commits/s of {entries}"), rate);
        context.numbers.set(&format!("bytes written per entry, commits of {entries}"), written);
    }
    let rate = four_tasks(context)?;
    context.numbers.set("commits/s of 100, 4 tasks at once", rate);
    Ok(())
}

/// `entries` writes to the two maps of `task`, new keys and overwrites alike, and its checkpoint.
pub(crate) fn batch(task: u64, sequence: u64, entries: u64, loaded: u64) -> Vec<Write> {
    let mut random = data::Random::new(data::mix(sequence) ^ task);
    let mut writes: Vec<Write> = (0..entries)
        .map(|at| {
            let n = random.below(loaded * 5 / 4) / 8 * 8 + task * 2 + at % 2;
            Write { map: data::map_of(n), key: data::key(n), value: Some(data::value(n, sequence)) }
        })
        .collect();
    writes.push(Write {
        map: data::META_MAP,
        key: task.to_be_bytes().to_vec(),
        value: Some(vec![1; 200]),
    });
    writes
}

fn four_tasks(context: &Context<'_>) -> Result<f64> {
    let (start, budget, done) = (Instant::now(), context.budget(), AtomicU64::new(0));
    let (engine, loaded): (&dyn Engine, u64) = (context.engine, context.size.entries);
    let work = |task: u64| -> Result<()> {
        let mut sequence = 0;
        while start.elapsed() < budget {
            engine.commit(batch(task, sequence, 100, loaded))?;
            sequence += 1;
            done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..4).map(|task| scope.spawn(move || work(task))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_panic| anyhow!("a task panicked"))?)
    })?;
    Ok(done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}
