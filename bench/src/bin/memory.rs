//! How much memory a task takes whose state is larger than its cache: while it is loaded, read at random, scanned, and when
//! nobody commits.
//!
//! `cargo run --release -p bench --bin memory -- --url redis://localhost --entries 10000000` prints the peak resident memory
//! of each part; it fails where one takes more than what the configuration allows.

use std::fs;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use clap::Parser;
use futures::{TryStreamExt, stream};
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::{EmbeddedConfig, EngineConfig, codec::Raw, prelude::*};

static DATA: KeyValue<u64, Bytes, Raw> = KeyValue::new("data").values(Raw);

/// What the program itself, its client and the allocator may take beside what is configured, in MiB.
const BESIDE: u64 = 50;

#[derive(Debug, Parser)]
struct Args {
    /// Where the state is; an embedded database in a temporary folder if left out.
    #[arg(long)]
    url: Option<String>,
    /// Entries of 8 bytes key and 100 bytes value.
    #[arg(long, default_value_t = 5_000_000)]
    entries: u64,
    /// Entries of one commit.
    #[arg(long, default_value_t = 50_000)]
    batch: u64,
    /// Reads of keys chosen at random, 256 at the same time.
    #[arg(long, default_value_t = 1_000_000)]
    reads: u64,
}

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

/// Prints what a part took, and fails above its bound; both in MiB.
fn part(what: &str, bound: u64) -> Result<()> {
    let peak = peak()?;
    println!("{what}: {peak} MiB, at most {bound}");
    ensure!(peak <= bound, "{what} took {peak} MiB, more than {bound}");
    Ok(())
}

const fn mebibytes(bytes: usize) -> u64 {
    (bytes >> 20) as u64
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir()?;
    let embedded = || format!("embedded:{}", folder.path().join("state").display());
    let database = store::connect(&args.url.clone().unwrap_or_else(embedded)).await?;
    let config = EngineConfig::default();
    // The engine of local disk is in this process, with blocks and recent writes of its own.
    let engine = EmbeddedConfig::default();
    let engine = (engine.block_cache_bytes + engine.write_buffer_bytes) >> 20;
    let on_disk = args.url.as_ref().is_none_or(|url| url.starts_with("embedded:"));
    let below = if on_disk { engine } else { 0 };
    let cache = mebibytes(config.cache_bytes) + below;
    let soft = cache + mebibytes(config.uncommitted_soft_bytes) + BESIDE;
    let hard = cache + mebibytes(config.uncommitted_hard_bytes) + BESIDE;
    let task = database.task("memory", 0).store(&DATA).open().await?;
    let data = task.store(&DATA)?;
    println!("at the start: {} MiB", peak()?);
    let value = Bytes::from(vec![7; 100]);
    let mut put = 0;
    while put < args.entries {
        for n in put..args.entries.min(put + args.batch) {
            data.put(&n, &value).await?;
        }
        put += args.batch;
        task.commit([("n", put.cast_signed())]).await?;
    }
    part(&format!("{} entries put, a commit every {}", args.entries, args.batch), soft)?;
    let mut random = StdRng::seed_from_u64(1);
    let picks = (0..args.reads).map(|_| anyhow::Ok(random.random_range(0..args.entries)));
    stream::iter(picks)
        .try_for_each_concurrent(256, async |n| {
            ensure!(data.get(&n).await?.is_some(), "an entry is missing");
            Ok(())
        })
        .await?;
    part(&format!("{} read", args.reads), soft)?;
    for order in [Order::Forward, Order::Backward] {
        let count = data.range(None, None, order).try_fold(0, async |n, _| Ok(n + 1)).await?;
        ensure!(count == args.entries, "{count} entries were scanned");
        part(&format!("scanned {order:?}"), soft)?;
    }
    let mut puts = args.entries;
    let full = loop {
        match data.put(&puts, &value).await {
            Ok(()) => puts += 1,
            Err(error) => break error,
        }
    };
    ensure!(full.kind() == ErrorKind::BufferFull, "{full:?}");
    part(&format!("{} puts without a commit, then {}", puts - args.entries, full.kind()), hard)?;
    task.commit(()).await?;
    println!("all of them committed at once: {} MiB", peak()?);
    task.close().await?;
    Ok(())
}
