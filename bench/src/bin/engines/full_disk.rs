//! What an engine does when the disk is full during a commit, and when there is room again.

use std::{
    fs,
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Error, Result, bail};

use crate::{
    args::FaultOptions,
    data,
    engine::{Engine, Kind, Order, Write},
};

const BALLAST: usize = 4 << 20;
/// Longer than any commit takes that is not stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// Fills the file system, frees room, goes on, opens again, and checks that each commit is there whole or not at all.
pub(crate) fn run(options: &FaultOptions) -> Result<()> {
    let (kind, keys) = (options.engine, options.keys);
    let (dir, ballast) = (options.dir.join("database"), options.dir.join("ballast"));
    fs::write(&ballast, vec![1; BALLAST])?;
    let engine = open(kind, &dir)?;
    let (failed, error) = fill(&engine, keys)?;
    println!("{kind}: commit {failed} is the first that fails: {error:#}");
    report("read while full", read(engine.as_ref(), keys));
    report("commit while full", commit(&engine, keys, failed));
    close(engine)?;

    let engine = match open(kind, &dir) {
        Ok(engine) => engine,
        Err(error) => {
            println!("  opening while full: {error:#}");
            fs::remove_file(&ballast)?;
            open(kind, &dir)?
        }
    };
    report("read, opened again while full", read(engine.as_ref(), keys));
    report("commit, opened again while full", commit(&engine, keys, failed));
    let _ = fs::remove_file(&ballast);
    report("commit with room again, same handle", commit(&engine, keys, failed));
    report("read with room again, same handle", read(engine.as_ref(), keys));
    close(engine)?;

    let engine = open(kind, &dir)?;
    report("read, opened again with room", read(engine.as_ref(), keys));
    report("commit, opened again with room", commit(&engine, keys, failed + 1));
    report("read after it", read(engine.as_ref(), keys));
    Ok(())
}

/// Commits until one fails.
fn fill(engine: &Arc<dyn Engine>, keys: u64) -> Result<(u64, Error)> {
    for sequence in 1..100_000 {
        if let Err(error) = commit(engine, keys, sequence) {
            return Ok((sequence, error));
        }
    }
    bail!("the disk does not fill: use a small file system")
}

fn open(kind: Kind, dir: &Path) -> Result<Arc<dyn Engine>> {
    Ok(Arc::from(kind.open(dir)?))
}

/// Closing may hang: then this process gives up here.
fn close(engine: Arc<dyn Engine>) -> Result<()> {
    let (closed, wait) = mpsc::channel();
    thread::spawn(move || {
        drop(engine);
        closed.send(())
    });
    wait.recv_timeout(PATIENCE).context("closing is stuck")
}

/// Commits the same keys of two maps, new ones every tenth time; an error if it does not return.
fn commit(engine: &Arc<dyn Engine>, keys: u64, sequence: u64) -> Result<()> {
    let (engine, (done, wait)) = (Arc::clone(engine), mpsc::channel());
    thread::spawn(move || {
        let write = |n: u64| Write {
            map: u32::try_from(n % 2).unwrap_or_default(),
            key: data::key(n + sequence / 10 * keys),
            value: Some([&sequence.to_be_bytes()[..], &data::value(n, sequence)].concat()),
        };
        let committed = engine.commit((0..keys).map(write).collect());
        // Before the answer: whoever gets it may close the engine.
        drop(engine);
        done.send(committed)
    });
    wait.recv_timeout(PATIENCE).context("the commit is stuck")?
}

/// What the newest keys say: the highest sequence number, and whether all keys of that commit have it.
fn read(engine: &dyn Engine, keys: u64) -> Result<String> {
    let mut counts = std::collections::BTreeMap::<u64, u64>::new();
    for map in 0..2 {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = engine.page(map, after.as_deref(), Order::Forward, 1000)?;
            for (_, value) in &page {
                let sequence =
                    value.get(..8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
                *counts.entry(sequence.context("a short value")?).or_default() += 1;
            }
            let Some((key, _)) = page.into_iter().next_back() else { break };
            after = Some(key);
        }
    }
    let whole = counts.values().all(|&count| count == keys);
    Ok(format!("newest commit {:?}, all whole: {whole}", counts.keys().next_back()))
}

fn report<T: std::fmt::Debug>(what: &str, result: Result<T>) {
    match result {
        Ok(value) => println!("  {what}: ok {value:?}"),
        Err(error) => println!("  {what}: {error:#}"),
    }
}
