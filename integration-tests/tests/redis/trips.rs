//! Round trips, counted between the adapter and the server.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use integration_tests::RedisServer;
use store_conformance::waist::{MAP, Model, Owner, all, key, task};
use store_core::{
    Database, EngineConfig, KeyValue,
    backend::{Backend, KeyRange, MapId, Order, PageLimit},
};
use store_redis::{RedisBackend, RedisConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Counts how often somebody speaks after the server has spoken.
#[derive(Clone, Debug)]
struct Counter {
    trips: Arc<AtomicUsize>,
    answered: Arc<AtomicBool>,
}

impl Counter {
    fn asked(&self) {
        if self.answered.swap(false, Ordering::SeqCst) {
            self.trips.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn take(&self) -> usize {
        self.trips.swap(0, Ordering::SeqCst)
    }
}

/// Stands in front of a server.
async fn counting(port: u16) -> Result<(u16, Counter)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let front = listener.local_addr()?.port();
    let counter = Counter { trips: Arc::default(), answered: Arc::new(true.into()) };
    let counted = counter.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            let (asking, answering) = (counted.clone(), counted.clone());
            tokio::spawn(pass(from_client, to_server, move || asking.asked()));
            tokio::spawn(pass(from_server, to_client, move || {
                answering.answered.store(true, Ordering::SeqCst);
            }));
        }
    });
    Ok((front, counter))
}

async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    seen: impl Fn(),
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        seen();
        to.write_all(&bytes[..count]).await?;
    }
}

pub(crate) async fn requests_are_few(server: RedisServer) -> Result<()> {
    let (port, counter) = counting(server.port()?).await?;
    let url = format!("redis://127.0.0.1:{port}");
    let backend: Arc<dyn Backend> =
        Arc::new(RedisBackend::connect(&url, RedisConfig::default()).await?);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let some: Model = (0..5000_u32).map(|n| (key(n.to_be_bytes()), key([b'v'; 100]))).collect();
    // Loads the scripts.
    owner.put(MAP, &some).await?;
    all(owner.reader(), MAP).await?;

    counter.take();
    owner.put(MAP, &some).await?;
    ensure!(counter.take() == 1, "a commit of 5000 entries is one request");

    owner.put(MapId::whole(2), &some).await?;
    let reader = backend.read(&task(0)).await?;
    for reader in [owner.reader(), &*reader] {
        for count in [100, 2500] {
            let keys: Vec<_> = some
                .keys()
                .take(count)
                .flat_map(|key| [1, 2].map(|map| (MapId::whole(map), key.clone())))
                .collect();
            counter.take();
            ensure!(reader.get_many(&keys).await?.iter().all(Option::is_some));
            let trips = counter.take();
            // Of several commands the server may answer the first before it has read the last.
            let most = if count == 100 { 1 } else { 6 };
            ensure!(trips <= most, "{trips} requests for {count} keys of two maps");
        }
    }
    let more: Model = (5000..10_000_u32).map(|n| (key(n.to_be_bytes()), key("v"))).collect();
    owner.put(MAP, &more).await?;
    for order in [Order::Forward, Order::Backward] {
        counter.take();
        let entries = store_conformance::waist::scan(
            owner.reader(),
            MAP,
            KeyRange::ALL,
            order,
            PageLimit::default(),
        );
        ensure!(entries.await?.len() == 10_000);
        let trips = counter.take();
        ensure!(trips == 10, "{trips} requests for 10 000 entries in pages of 1000");
    }
    Ok(())
}

/// Gets that nobody waits for one after another travel together.
pub(crate) async fn gets_at_the_same_time_travel_together(server: RedisServer) -> Result<()> {
    const STORE: KeyValue<u64, u64> = KeyValue::new("numbers");
    let (port, counter) = counting(server.port()?).await?;
    let url = format!("redis://127.0.0.1:{port}");
    let backend: Arc<dyn Backend> =
        Arc::new(RedisBackend::connect(&url, RedisConfig::default()).await?);
    let open = || async {
        let database = Database::with(backend.clone(), EngineConfig::default())?;
        database.task("app", 0).store(&STORE).open().await
    };
    let task = open().await?;
    let store = task.store(&STORE)?;
    for n in 0..1000 {
        store.put(&n, &(n * n)).await?;
    }
    task.commit([("source", 1)]).await?;
    task.close().await?;

    // Nothing of it is in the cache of another database.
    let task = open().await?;
    let store = task.store(&STORE)?;
    counter.take();
    let keys: Vec<u64> = (0..100).map(|n| n * 7).collect();
    let found = try_join_all(keys.iter().map(|n| store.get(n))).await?;
    ensure!(found == keys.iter().map(|n| Some(n * n)).collect::<Vec<_>>());
    let trips = counter.take();
    ensure!(trips <= 2, "{trips} requests for 100 gets at the same time");
    Ok(())
}
