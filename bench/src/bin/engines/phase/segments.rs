//! Window segments: maps that come and go while others live.

use std::time::Instant;

use anyhow::Result;

use super::Context;
use crate::{
    data,
    engine::Write,
    process::{open_files, resident_bytes},
};

const FIRST: u32 = 10_000;
const ENTRIES: u64 = 100_000;
const ROUNDS: u32 = 20;

/// Drops a map of 100 000 entries.
pub(crate) fn drop_large(context: &mut Context<'_>) -> Result<()> {
    for chunk in (0..ENTRIES).collect::<Vec<_>>().chunks(10_000) {
        context.engine.commit(chunk.iter().map(|&n| write(FIRST, n)).collect())?;
    }
    let start = Instant::now();
    context.engine.drop_map(FIRST)?;
    context.numbers.set("dropping a map of 100 000, ms", millis(start));
    Ok(())
}

/// Times creating, first writing and dropping a map beside a growing number of live ones with 100 entries each.
pub(crate) fn create_and_drop(context: &mut Context<'_>) -> Result<()> {
    let mut live = 0;
    for target in context.size.live_maps.clone() {
        while live < target {
            live += 1;
            context.engine.commit((0..100).map(|n| write(FIRST + live, n)).collect())?;
        }
        let (mut created, mut dropped) = (0.0, 0.0);
        for round in 0..ROUNDS {
            let map = FIRST * 2 + round;
            let start = Instant::now();
            context.engine.create_map(map)?;
            created += millis(start) / f64::from(ROUNDS);
            context.engine.commit((0..1000).map(|n| write(map, n)).collect())?;
            let start = Instant::now();
            context.engine.drop_map(map)?;
            dropped += millis(start) / f64::from(ROUNDS);
        }
        context.numbers.set(&format!("creating a map, {target} live, ms"), created);
        context.numbers.set(&format!("dropping a map of 1000, {target} live, ms"), dropped);
        context
            .numbers
            .set(&format!("memory, {target} live, MiB"), resident_bytes()? as f64 / 1_048_576.0);
        context.numbers.set(&format!("open files, {target} live"), open_files()? as f64);
    }
    Ok(())
}

fn write(map: u32, n: u64) -> Write {
    Write { map, key: data::key(n), value: Some(data::value(n, 0)) }
}

fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
