//! Many entries, and what becomes of old ones.

use std::{fs, ops::Range, sync::Arc, time::Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use integration_tests::servers::Server;
use scylla::client::session::Session;
use store_conformance::waist::{MAP, Model, Owner, all, key, puts, task};
use store_core::backend::{KeyRange, MapChange, MapId, Order, PageLimit, TaskReader};

use super::{backend, raw};

const MILLION: u32 = 1_000_000;
const COMMIT: u32 = 25_000;

/// What a scan may take: a few pages, and far less than all entries, which are more than 100 MB in memory.
const MOST_KIB: u64 = 48 << 10;

fn entry(n: u32) -> (Bytes, Bytes) {
    (key(format!("key-{n:012}")), key([n.to_be_bytes(), (!n).to_be_bytes()].concat()))
}

/// The most memory that this process has had since the last call, in KiB, and has now.
fn memory() -> Result<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context(name)?;
        let number = line.split_whitespace().next().context(name)?;
        Ok::<u64, anyhow::Error>(number.parse()?)
    };
    // The highest is from now on.
    fs::write("/proc/self/clear_refs", "5")?;
    Ok((field("VmHWM:")?, field("VmRSS:")?))
}

/// Reads all entries page by page and keeps none.
async fn read(reader: &dyn TaskReader, order: Order) -> Result<u32> {
    let (mut rest, mut count) = (Some(KeyRange::ALL), 0);
    while let Some(range) = rest {
        let page = reader.scan(MAP, &range, order, PageLimit::default()).await?;
        for found in page.entries {
            let n = if order == Order::Forward { count } else { MILLION - 1 - count };
            ensure!(found == entry(n), "{order:?}: {found:?} instead of entry {n}");
            count += 1;
        }
        rest = page.resume.map(|last| range.after(last, order));
    }
    Ok(count)
}

pub(crate) async fn a_million_entries_in_bounded_memory(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "store_tests.million").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let begun = Instant::now();
    for first in (0..MILLION).step_by(usize::try_from(COMMIT)?) {
        let model: Model = (first..first + COMMIT).map(entry).collect();
        let commit = owner.next(puts(MAP, &model));
        // A small machine may be busy with other things for long.
        while let Err(error) = owner.send(&commit).await {
            ensure!(error.is_retryable(), "{error:?}");
        }
    }
    println!("1 000 000 entries in {:?}", begun.elapsed());
    for order in [Order::Forward, Order::Backward] {
        let (begun, before) = (Instant::now(), memory()?.1);
        let count = read(owner.reader(), order).await?;
        ensure!(count == MILLION, "{order:?}: {count} entries");
        let more = memory()?.0.saturating_sub(before);
        println!("{order:?} in {:?}, at most {more} KiB more", begun.elapsed());
        ensure!(more < MOST_KIB, "{order:?} took {more} KiB");
    }
    Ok(())
}

/// How often the server has read the data of a keyspace, and written them.
async fn requests(session: &Session, keyspace: &str) -> Result<(i64, i64)> {
    let mut counts = Vec::new();
    for table in ["local_read_latency", "local_scan_latency", "local_write_latency"] {
        let query = format!(
            "SELECT count FROM system_views.{table} WHERE keyspace_name = ? AND table_name = 'data'"
        );
        let rows = session.query_unpaged(query, (keyspace,)).await?.into_rows_result()?;
        counts.push(rows.single_row::<(i64,)>()?.0);
    }
    Ok((counts[0] + counts[1], counts[2]))
}

/// Segments behind the floor go by deletes of whole partitions: nothing is read to find what is in them.
pub(crate) async fn retention_drops_without_reading(server: Arc<Server>) -> Result<()> {
    const SEGMENTS: Range<i64> = 0..6;
    const OLD: i64 = 4;
    let backend = backend(&server, "retention").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model = (0..500_u32).map(entry).collect();
    let changes = SEGMENTS.flat_map(|n| puts(MapId::segment(1, n), &model)).collect();
    let commit = owner.next(changes);
    owner.send(&commit).await?;
    let session = raw(&server).await?;
    let before = requests(&session, "retention").await?;
    let drops = (0..OLD).map(|n| (MapId::segment(1, n), MapChange::Drop)).collect();
    let commit = owner.next(drops);
    owner.send(&commit).await?;
    let after = requests(&session, "retention").await?;
    ensure!(after.0 == before.0, "the data were read {} times", after.0 - before.0);
    let deletes = after.1 - before.1;
    // Four buckets of a segment; a late answer is asked for again.
    ensure!((4 * OLD..=8 * OLD).contains(&deletes), "{deletes} deletes");
    for n in SEGMENTS {
        let left = all(owner.reader(), MapId::segment(1, n)).await?;
        ensure!(if n < OLD { left.is_empty() } else { left == model }, "segment {n}");
    }
    Ok(())
}
