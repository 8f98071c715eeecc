//! Readers beside commits, by the owner's handle and by another: each answer is of one commit.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use store_core::backend::{Backend, Changes, KeyRange, MapChange, MapId, Order, PageLimit};
use tokio::task::{JoinHandle, yield_now};

use crate::{
    Context,
    waist::{MAP, Owner, deletes, key, puts, task},
};

/// Tasks that read again and again until they are stopped, one for each handle.
struct Onlookers {
    stop: Arc<AtomicBool>,
    readers: Vec<(&'static str, JoinHandle<Result<()>>)>,
}

impl Onlookers {
    /// Reads by this handle and by a new one.
    async fn start<F>(
        context: &Context,
        owners: &Arc<dyn Backend>,
        read: impl Fn(Arc<dyn Backend>, Arc<AtomicBool>) -> F,
    ) -> Result<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let stop = Arc::new(AtomicBool::new(false));
        let handles =
            [("the owner's handle", owners.clone()), ("another handle", context.backend().await?)];
        let readers =
            handles.map(|(name, handle)| (name, tokio::spawn(read(handle, stop.clone()))));
        Ok(Self { stop, readers: readers.into() })
    }

    async fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for (name, reader) in self.readers {
            reader.await?.with_context(|| format!("a reader by {name}"))?;
        }
        Ok(())
    }
}

/// Each commit moves the only entry to another key and map; a reader's answer always has exactly one, of one number.
pub(crate) async fn readers_never_miss_what_moves(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let first = owner.next(moved(1));
    owner.send(&first).await?;
    let onlookers = Onlookers::start(&context, &backend, finds_what_moves).await?;
    for n in 2..100 {
        let commit = owner.next(moved(n));
        owner.send(&commit).await?;
        yield_now().await;
    }
    onlookers.stop().await
}

fn moved(n: u64) -> Changes {
    let (old, new) = (key((n - 1).to_be_bytes()), key(n.to_be_bytes()));
    let mut changes = deletes(MAP, [old]);
    let put = puts(MAP, &[(new.clone(), new.clone())].into());
    if let (Some(MapChange::Write(writes)), Some(MapChange::Write(put))) =
        (changes.get_mut(&MAP), put.get(&MAP))
    {
        writes.extend(put.clone());
    }
    let segment = |n: u64| MapId::segment(2, i64::try_from(n).unwrap_or_default());
    changes.extend(puts(segment(n), &[(key("n"), new)].into()));
    changes.insert(segment(n - 1), MapChange::Drop);
    changes
}

async fn finds_what_moves(backend: Arc<dyn Backend>, stop: Arc<AtomicBool>) -> Result<()> {
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) || reads < 2 {
        // Opened anew each time, as somebody who looks in would.
        let reader = backend.read(&task(0)).await?;
        let order = if reads % 2 == 0 { Order::Forward } else { Order::Backward };
        let page = match reader.scan(MAP, &KeyRange::ALL, order, PageLimit::default()).await {
            Err(error) if error.is_retryable() => continue,
            page => page?,
        };
        let seen = page.entries.len();
        // A page that is not the last may have ended before the entry.
        let may_be_there = page.resume.is_some() && seen == 0;
        ensure!(seen == 1 || may_be_there, "a scan saw {seen} entries instead of one");
        let segments: Vec<_> =
            (1..120).map(|segment| (MapId::segment(2, segment), key("n"))).collect();
        let found = match reader.get_many(&segments).await {
            Err(error) if error.is_retryable() => continue,
            found => found?,
        };
        let there = found.iter().flatten().count();
        ensure!(there == 1, "one read saw {there} segments");
        reads += 1;
        yield_now().await;
    }
    Ok(())
}

const KEYS: u8 = 40;

/// Each commit sets all keys to its number; a reader never sees two numbers in one answer.
pub(crate) async fn readers_see_whole_commits(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let numbered = |n: u64| (0..KEYS).map(|at| (key([at]), key(n.to_be_bytes()))).collect();
    owner.put(MAP, &numbered(1)).await?;
    let onlookers = Onlookers::start(&context, &backend, finds_one_number).await?;
    for n in 2..150 {
        owner.put(MAP, &numbered(n)).await?;
        yield_now().await;
    }
    onlookers.stop().await
}

async fn finds_one_number(backend: Arc<dyn Backend>, stop: Arc<AtomicBool>) -> Result<()> {
    let reader = backend.read(&task(0)).await?;
    let keys: Vec<_> = (0..KEYS).map(|at| (MAP, key([at]))).collect();
    let (mut reads, mut last) = (0, Bytes::new());
    while !stop.load(Ordering::Relaxed) || reads == 0 {
        let values = match reader.get_many(&keys).await {
            Err(error) if error.is_retryable() => continue,
            values => values?,
        };
        let first = values[0].clone().unwrap_or_default();
        ensure!(values.iter().all(|value| value.as_ref() == Some(&first)), "half a commit");
        ensure!(first >= last, "a reader went back");
        last = first;
        reads += 1;
        yield_now().await;
    }
    Ok(())
}
