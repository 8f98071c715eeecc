//! Loading, overwriting half, and what that takes on disk and in memory.

use std::{thread, time::Duration, time::Instant};

use anyhow::Result;

use super::Context;
use crate::{
    data,
    engine::Write,
    process::{disk_bytes, open_files, resident_bytes},
};

const BATCH: u64 = 10_000;
const MIB: f64 = 1_048_576.0;

pub(crate) fn load(context: &mut Context<'_>) -> Result<()> {
    let start = Instant::now();
    put_all(context, 1, 0)?;
    let seconds = start.elapsed().as_secs_f64();
    context.numbers.set("load, entries/s", context.size.entries as f64 / seconds);
    context.numbers.set("memory after load, MiB", resident_bytes()? as f64 / MIB);
    context.numbers.set("open files after load", open_files()? as f64);
    context.numbers.set("disk after load, MiB", settled(context)?);
    Ok(())
}

pub(crate) fn overwrite_half(context: &mut Context<'_>) -> Result<()> {
    put_all(context, 2, 1)?;
    context.numbers.set("disk after overwriting half, MiB", settled(context)?);
    Ok(())
}

/// Drops four of the eight maps.
pub(crate) fn drop_half(context: &mut Context<'_>) -> Result<()> {
    for map in 0..data::MAPS / 2 {
        context.engine.drop_map(map)?;
    }
    context.numbers.set("disk after dropping half the maps, MiB", settled(context)?);
    context.numbers.set("memory at the end, MiB", resident_bytes()? as f64 / MIB);
    Ok(())
}

fn put_all(context: &Context<'_>, step: u64, version: u64) -> Result<()> {
    let entries: Vec<u64> = (0..context.size.entries).step_by(usize::try_from(step)?).collect();
    for chunk in entries.chunks(usize::try_from(BATCH)?) {
        let write = |&n: &u64| Write {
            map: data::map_of(n),
            key: data::key(n),
            value: Some(data::value(n, version)),
        };
        context.engine.commit(chunk.iter().map(write).collect())?;
    }
    Ok(())
}

/// The size once background work has stopped changing it.
fn settled(context: &Context<'_>) -> Result<f64> {
    let mut size = disk_bytes(context.dir)?;
    for _ in 0..60 {
        thread::sleep(Duration::from_millis(500));
        let now = disk_bytes(context.dir)?;
        if now == size {
            break;
        }
        size = now;
    }
    Ok(size as f64 / MIB)
}
