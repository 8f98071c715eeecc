//! Settings of the engine: what contradicts, and what each does (G).

use std::time::Duration;

use anyhow::{Result, ensure};
use store_core::{
    EngineConfig, PORTABLE_KEY_BYTES,
    backend::PageLimit,
    layers::{CallKind, Faults},
    prelude::*,
};

use crate::{
    Context,
    cases::{
        tools::{bytes, open_on, put, rows},
        watched::{Asked, Watched},
    },
};

fn config(change: impl FnOnce(&mut EngineConfig)) -> EngineConfig {
    let mut config = EngineConfig::default();
    change(&mut config);
    config
}

pub(crate) async fn that_contradict_are_refused(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    for (names, bad) in [
        ("page_entries", config(|config| config.page_entries = 0)),
        ("page_bytes", config(|config| config.page_bytes = 0)),
        ("read_batch_keys", config(|config| config.read_batch_keys = 0)),
        ("read_batch_bytes", config(|config| config.read_batch_bytes = 0)),
        ("reads_in_flight", config(|config| config.reads_in_flight = 0)),
        ("uncommitted_soft_bytes", config(|config| config.uncommitted_hard_bytes = 1)),
        ("uncommitted_hard_bytes", config(|config| config.uncommitted_soft_bytes = usize::MAX)),
    ] {
        let Err(error) = Database::with(backend.clone(), bad) else {
            anyhow::bail!("a bad {names} was taken")
        };
        ensure!(error.kind() == ErrorKind::Config, "{error}");
        ensure!(error.to_string().contains(names), "{error} does not name {names}");
    }
    Database::with(backend, EngineConfig::default())?;
    Ok(())
}

/// The pages of a scan of 24 entries, each of a key of 4 bytes and a value of 1000.
async fn pages(context: &Context, config: EngineConfig) -> Result<Vec<Asked>> {
    let watched = Watched::new(context).await?;
    let (_task, store) = open_on(&watched.database(config)?).await?;
    watched.take();
    ensure!(rows(store.all()).await?.len() == 24);
    let pages = watched.take().pages;
    let read: usize = pages.iter().map(|page| page.entries).sum();
    ensure!(read == 24, "{read} entries in the pages of 24");
    Ok(pages)
}

pub(crate) async fn have_their_effects(context: Context) -> Result<()> {
    let limits = config(|config| {
        (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (10_000, 40_000);
    });
    let (task, store) = open_on(&context.database_with(limits).await?).await?;
    let (mut puts, mut wanted) = (0_u32, None);
    let error = loop {
        match store.put(&bytes(puts.to_be_bytes()), &bytes([1; 1000])).await {
            Ok(()) => puts += 1,
            Err(error) => break error.kind(),
        }
        if wanted.is_none() && task.wants_commit() {
            wanted = Some(puts);
        }
    };
    ensure!(error == ErrorKind::BufferFull, "{error}");
    ensure!((30..40).contains(&puts), "{puts} puts of 1000 bytes fit into 40000");
    ensure!(
        wanted.is_some_and(|puts| (8..=10).contains(&puts)),
        "{wanted:?} puts ask for a commit"
    );
    ensure!(task.buffered_bytes() <= 40_000, "{} bytes", task.buffered_bytes());
    task.rollback().await?;
    ensure!(!task.wants_commit() && task.buffered_bytes() == 0);
    for n in 0..24_u32 {
        store.put(&bytes(n.to_be_bytes()), &bytes([1; 1000])).await?;
    }
    task.commit(()).await?;

    // Full, these are one page and six; a page may be short, but has no more than was asked for.
    let by_default = PageLimit::default();
    for (config, limit, most) in [
        (EngineConfig::default(), by_default, 24),
        (config(|config| config.page_entries = 4), PageLimit::new(4, by_default.bytes), 4),
        (config(|config| config.page_bytes = 4000), PageLimit::new(by_default.entries, 4000), 4),
    ] {
        for page in pages(&context, config).await? {
            ensure!(page.limit == limit, "{page:?}, expected a limit of {limit:?}");
            ensure!(page.entries <= most, "{page:?}, expected at most {most} entries");
        }
    }

    reads_are_as_set(&context).await?;

    let above = "k".repeat(PORTABLE_KEY_BYTES + 1);
    let (_task, store) = open_on(&context.database().await?).await?;
    let refused = store.put(&bytes(&above), &bytes("v")).await.err().map(|error| error.kind());
    ensure!(refused == Some(ErrorKind::TooLarge), "{refused:?}");
    let native = context.database_with(config(|config| config.native_limits = true)).await?;
    let (task, store) = open_on(&native).await?;
    if task.capabilities().max_key_bytes > PORTABLE_KEY_BYTES {
        put(&store, &[(&above, "v")]).await?;
        task.commit(()).await?;
        ensure!(store.get(&bytes(&above)).await? == Some(bytes("v")));
    }
    Ok(())
}

/// Sets how values are read; the task has 24 keys.
async fn reads_are_as_set(context: &Context) -> Result<()> {
    let keys: Vec<_> = (0..24_u32).map(|n| bytes(n.to_be_bytes())).collect();
    // How many keys each request takes at most, and how many requests two reads of all need at least.
    for (config, most, least) in [
        (config(|config| config.cache_bytes = 64 << 20), 24, 1),
        (config(|config| config.cache_bytes = 0), 24, 2),
        (config(|config| config.read_batch_keys = 5), 5, 5),
        (config(|config| config.read_batch_bytes = 1), 1, 24),
    ] {
        let watched = Watched::new(context).await?;
        let (_task, store) = open_on(&watched.database(config.clone())?).await?;
        watched.take();
        for _ in 0..2 {
            let found = store.get_many(&keys).await?;
            ensure!(found.iter().all(Option::is_some), "a key is absent with {config:?}");
        }
        let requests = watched.take().gets;
        ensure!(
            requests.len() >= least && requests.iter().all(|keys| *keys <= most),
            "requests of {requests:?} keys with {config:?}"
        );
        let reads = if config.cache_bytes == 0 { 2 } else { 1 };
        let asked: usize = requests.iter().sum();
        ensure!(asked == reads * keys.len(), "{asked} keys were asked for with {config:?}");
    }
    for most in [1, 3] {
        let line = Faults::none();
        let config = config(|config| {
            (config.reads_in_flight, config.read_batch_keys) = (most, 1);
        });
        let database = context.database_with(config).await?.layer(line.clone());
        let (_task, store) = open_on(&database).await?;
        let before = line.calls(CallKind::GetMany);
        line.hold(&[CallKind::GetMany]);
        let keys = keys.clone();
        let read = tokio::spawn(async move { store.get_many(&keys).await });
        line.held().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let sent = line.calls(CallKind::GetMany) - before;
        ensure!(sent == most as u64, "{sent} requests are on their way, {most} may be");
        line.release();
        ensure!(read.await??.iter().all(Option::is_some), "a key is absent");
    }
    Ok(())
}
