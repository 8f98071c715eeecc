//! Killing a process that commits, and checking that what it acknowledged is there, whole.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    args::{KillOptions, MeasureOptions, Size},
    data,
    engine::{Engine, Kind},
    phase::commits::batch,
};

const ENTRIES: u64 = 10_000;
const TASK: u64 = 3;

/// Commits batches that name their sequence number, says each one that is acknowledged, goes on until it is killed.
pub(crate) fn hold(options: &MeasureOptions) -> Result<()> {
    let engine = options.engine.open(&options.dir)?;
    let first = checkpoint(engine.as_ref())?.unwrap_or(0) + 1;
    for sequence in first.. {
        let mut writes = batch(TASK, sequence, ENTRIES, options.size.entries);
        if let Some(record) = writes.last_mut() {
            record.value = Some(sequence.to_be_bytes().to_vec());
        }
        engine.commit(writes)?;
        println!("{sequence}");
    }
    Ok(())
}

/// Kills a committing process again and again at any moment, the first creation of the database included.
pub(crate) fn kill_often(options: &KillOptions) -> Result<()> {
    let (kind, size) = (options.measure.engine, &options.measure.size);
    let mut random = data::Random::new(5);
    let mut last = None;
    for round in 0..options.times {
        let patience = Duration::from_micros(random.below(300_000));
        let acknowledged =
            kill_after(kind, &options.measure.dir, size, |_, elapsed| elapsed >= patience)?;
        let engine =
            kind.open(&options.measure.dir).with_context(|| format!("open after kill {round}"))?;
        last = check(engine.as_ref(), acknowledged.or(last), size)?;
    }
    println!(
        "{kind}: killed {} times, last commit {last:?}, nothing lost, nothing half",
        options.times
    );
    Ok(())
}

/// Runs `hold` until `enough` of its number of commits and of the time; what it acknowledged last.
pub(crate) fn kill_after(
    kind: Kind,
    dir: &Path,
    size: &Size,
    enough: impl Fn(u64, Duration) -> bool,
) -> Result<Option<u64>> {
    let start = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .args([
            "hold",
            "--engine",
            &kind.to_string(),
            "--entries",
            &size.entries.to_string(),
            "--dir",
        ])
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()?;
    let (sender, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().context("no output")?);
    thread::spawn(move || output.lines().try_for_each(|line| sender.send(line)));
    let (mut commits, mut last) = (0, None);
    let mut killed = false;
    loop {
        match lines.recv_timeout(Duration::from_millis(1)) {
            Ok(line) => (commits, last) = (commits + 1, Some(line?.parse()?)),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if !killed && enough(commits, start.elapsed()) {
            child.kill()?;
            killed = true;
        }
    }
    child.wait()?;
    Ok(last)
}

/// The last acknowledged commit or the one after it is there, whole.
pub(crate) fn check(
    engine: &dyn Engine,
    acknowledged: Option<u64>,
    size: &Size,
) -> Result<Option<u64>> {
    let Some(sequence) = checkpoint(engine)? else {
        ensure!(acknowledged.is_none(), "{acknowledged:?} is lost");
        return Ok(None);
    };
    let known = acknowledged.unwrap_or(0);
    ensure!(
        sequence == known || sequence == known + 1,
        "{sequence} is there, {known} was acknowledged"
    );
    for write in
        batch(TASK, sequence, ENTRIES, size.entries).into_iter().take(usize::try_from(ENTRIES)?)
    {
        let found = engine.get_many(&[(write.map, write.key)])?.pop().flatten();
        ensure!(found == write.value, "commit {sequence} is there in part");
    }
    Ok(Some(sequence))
}

fn checkpoint(engine: &dyn Engine) -> Result<Option<u64>> {
    let key = TASK.to_be_bytes().to_vec();
    let Some(value) = engine.get_many(&[(data::META_MAP, key)])?.pop().flatten() else {
        return Ok(None);
    };
    Ok(value.try_into().ok().map(u64::from_be_bytes))
}
