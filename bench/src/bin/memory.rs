//! How much memory a scan over many entries and a full buffer take, on the embedded backend.
//!
//! `cargo run --release -p bench --bin memory -- 5000000` prints the peak resident memory of each part.

use std::fs;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::TryStreamExt;
use store::{codec::Raw, prelude::*};

static DATA: KeyValue<u64, Bytes, Raw> = KeyValue::new("data").values(Raw);

const BATCH: u64 = 50_000;

/// Peak resident memory since the last call, in MiB.
fn peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 =
        line.and_then(|line| line.split_whitespace().next()).context("VmHWM")?.parse()?;
    // Starts the next measurement.
    fs::write("/proc/self/clear_refs", "5")?;
    Ok(kib / 1024)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let entries: u64 = std::env::args().nth(1).unwrap_or_else(|| "5000000".to_owned()).parse()?;
    let folder = tempfile::tempdir()?;
    let database =
        store::connect(&format!("embedded:{}", folder.path().join("s").display())).await?;
    let task = database.task("memory", 0).store(&DATA).open().await?;
    let data = task.store(&DATA)?;
    println!("at the start: {} MiB", peak()?);
    let value = Bytes::from(vec![7; 100]);
    for start in (0..entries).step_by(usize::try_from(BATCH)?) {
        for n in start..entries.min(start + BATCH) {
            data.put(&n, &value).await?;
        }
        task.commit([("n", start.cast_signed())]).await?;
    }
    println!("{entries} entries of 108 bytes put, a commit every {BATCH}: {} MiB", peak()?);
    for order in [Order::Forward, Order::Backward] {
        let mut scan = data.range(None, None, order);
        let mut count = 0;
        while scan.try_next().await?.is_some() {
            count += 1;
        }
        if count != entries {
            bail!("{count} entries were scanned");
        }
        println!("scanned {order:?}: {} MiB", peak()?);
    }
    let mut puts = entries;
    let full = loop {
        match data.put(&puts, &value).await {
            Ok(()) => puts += 1,
            Err(error) => break error,
        }
    };
    let (buffered, kind) = (task.buffered_bytes() >> 20, full.kind());
    println!(
        "{} puts uncommitted, {buffered} MiB buffered, then {kind}: {} MiB",
        puts - entries,
        peak()?
    );
    task.commit(()).await?;
    println!("committed: {} MiB", peak()?);
    Ok(())
}
