//! Opening what a killed process left, and opening after a clean close.

use std::{path::Path, time::Instant};

use anyhow::Result;

use crate::{args::Size, crash, engine::Kind, report::Numbers};

const COMMITS: u64 = 20;

/// Kills a process that has made some commits, and times opening what it left, first and then after a clean close.
pub(crate) fn run(kind: Kind, dir: &Path, size: &Size, numbers: &mut Numbers) -> Result<()> {
    let acknowledged = crash::kill_after(kind, dir, size, |commits, _| commits >= COMMITS)?;
    let start = Instant::now();
    let engine = kind.open(dir)?;
    numbers.set("open after kill -9, ms", start.elapsed().as_secs_f64() * 1000.0);
    crash::check(engine.as_ref(), acknowledged, size)?;
    drop(engine);

    let start = Instant::now();
    drop(kind.open(dir)?);
    numbers.set("open and close after a clean close, ms", start.elapsed().as_secs_f64() * 1000.0);
    Ok(())
}
