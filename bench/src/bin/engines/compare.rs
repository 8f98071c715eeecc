//! Runs every engine in a process of its own, round by round, and gathers the numbers.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Result, ensure};

use crate::{
    args::{CompareOptions, MeasureOptions},
    engine::Kind,
    phase::{Context, commits, load, reads, reopen, segments},
    report::{Numbers, Report},
};

pub(crate) fn run(options: &CompareOptions) -> Result<()> {
    let mut report = Report::default();
    for round in 0..options.rounds {
        for kind in &options.engines {
            eprintln!("round {} of {}: {kind}", round + 1, options.rounds);
            let dir = match &options.dir {
                Some(dir) => tempfile::tempdir_in(dir),
                None => tempfile::tempdir(),
            }?;
            report.add(*kind, child("measure", *kind, dir.path(), options)?);
            report.add(*kind, child("measure-segments", *kind, dir.path(), options)?);
        }
    }
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", report.table(&options.engines));
    }
    Ok(())
}

fn child(phases: &str, kind: Kind, dir: &Path, options: &CompareOptions) -> Result<Numbers> {
    let live: Vec<String> = options.size.live_maps.iter().map(u32::to_string).collect();
    let output = Command::new(std::env::current_exe()?)
        .args([phases, "--engine", &kind.to_string()])
        .args(["--entries", &options.size.entries.to_string()])
        .args(["--seconds", &options.size.seconds.to_string()])
        .args(["--live-maps", &live.join(",")])
        .arg("--dir")
        .arg(dir)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "measuring {kind} failed: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// One engine, all phases; prints one JSON line.
pub(crate) fn measure(options: &MeasureOptions) -> Result<()> {
    let mut numbers = Numbers::default();
    let dir = options.dir.join("database");
    let engine = options.engine.open(&dir)?;
    let mut context =
        Context { engine: engine.as_ref(), dir: &dir, size: &options.size, numbers: &mut numbers };
    load::load(&mut context)?;
    reads::run(&mut context)?;
    commits::run(&mut context)?;
    load::overwrite_half(&mut context)?;
    segments::drop_large(&mut context)?;
    load::drop_half(&mut context)?;
    drop(engine);
    reopen::run(options.engine, &dir, &options.size, &mut numbers)?;
    println!("{}", serde_json::to_string(&numbers)?);
    Ok(())
}

/// One engine, maps that come and go; prints one JSON line.
pub(crate) fn measure_segments(options: &MeasureOptions) -> Result<()> {
    let mut numbers = Numbers::default();
    let dir = options.dir.join("segments");
    let engine = options.engine.open(&dir)?;
    let mut context =
        Context { engine: engine.as_ref(), dir: &dir, size: &options.size, numbers: &mut numbers };
    segments::create_and_drop(&mut context)?;
    drop(engine);
    let start = Instant::now();
    let engine = options.engine.open(&dir)?;
    numbers.set("open with the most live maps, ms", start.elapsed().as_secs_f64() * 1000.0);
    drop(engine);
    println!("{}", serde_json::to_string(&numbers)?);
    Ok(())
}
