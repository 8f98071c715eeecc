//! A cluster of six.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use integration_tests::{
    RedisServer,
    servers::{RedisCluster, ServerKind, Settings},
};
use redis::aio::MultiplexedConnection;
use store_conformance::waist::{MAP, Model, Owner, all, key, kind, puts, task};
use store_core::{
    Effect, ErrorKind,
    backend::{Backend, OwnerId},
};
use store_redis::{RedisBackend, RedisConfig, RedisDurability};

use super::keys::model;

fn cluster() -> Result<RedisCluster> {
    let settings = Settings::default().with_args(["--appendfsync", "everysec"]);
    RedisCluster::own(ServerKind::Redis7, &settings)
}

pub(crate) async fn a_cluster_keeps_tasks(_: RedisServer) -> Result<()> {
    let cluster = cluster()?;
    let mut config = RedisConfig::default();
    config.chunk_entries = 10;
    let backend: Arc<dyn Backend> =
        Arc::new(RedisBackend::connect(cluster.url(), config.clone()).await?);
    let large: Model = (0..95_u8).map(|n| (key([n]), key("x"))).collect();
    // Enough for each primary to have some.
    for partition in 0..12 {
        let mut owner = Owner::claim(&backend, &task(partition)).await?;
        owner.put(MAP, &model("x")).await?;
        owner.put(MAP, &large).await?;
        let reader = backend.read(&task(partition)).await?;
        for reader in [owner.reader(), &*reader] {
            ensure!(all(reader, MAP).await?.len() == 96);
            ensure!(
                reader.get_many(&[(MAP, key([7])), (MAP, key("none"))]).await?
                    == [Some(key("x")), None]
            );
        }
    }
    ensure!(backend.tasks(&task(0).application).await?.len() == 12);
    let mut old = Owner::claim(&backend, &task(0)).await?;
    let mut new = Owner::claim(&backend, &task(0)).await?;
    let error = old.put(MAP, &model("old")).await.err().context("not fenced")?;
    ensure!((error.kind(), error.effect()) == (ErrorKind::Fenced, Effect::NotApplied), "{error:?}");
    new.put(MAP, &model("new")).await?;
    backend.destroy(&task(1)).await?;
    ensure!(backend.tasks(&task(0).application).await?.len() == 11);

    config.durability = RedisDurability::Replicas;
    let safe: Arc<dyn Backend> =
        Arc::new(RedisBackend::connect(cluster.url(), config.clone()).await?);
    let mut owner = Owner::claim(&safe, &task(2)).await?;
    owner.put(MAP, &model("safe")).await?;
    config.durability = RedisDurability::LocalFsync;
    let disk = RedisBackend::connect(cluster.url(), config).await?;
    let claimed = disk.claim(&task(2), OwnerId::random(), &[]).await;
    // Without WAITAOF it must be set to sync always, which this one is not.
    ensure!(kind(claimed) == Some(ErrorKind::Unsupported));
    Ok(())
}

pub(crate) async fn one_server_and_a_cluster_are_told_apart(server: RedisServer) -> Result<()> {
    let url = server.url().replace("redis://", "redis+cluster://");
    let error =
        RedisBackend::connect(&url, RedisConfig::default()).await.err().context("connected")?;
    ensure!(
        error.kind() == ErrorKind::Config && error.to_string().contains("redis://"),
        "{error:?}"
    );
    let cluster = cluster()?;
    let first = cluster.url().replace("redis+cluster://", "redis://");
    let first = first.split(',').next().unwrap_or_default();
    let backend: Arc<dyn Backend> =
        Arc::new(RedisBackend::connect(first, RedisConfig::default()).await?);
    let mut refused = None;
    for partition in 0..6 {
        refused = backend.claim(&task(partition), OwnerId::random(), &[]).await.err().or(refused);
    }
    let refused = refused.context("all slots at one server")?;
    ensure!(
        refused.kind() == ErrorKind::Unsupported
            && refused.to_string().contains("redis+cluster://"),
        "{refused:?}"
    );
    Ok(())
}

/// A primary of a cluster: how many keys of a slot it has, at most a thousand; where it is, its id, and a line to it.
type Primary = (Vec<String>, SocketAddr, String, MultiplexedConnection);

/// The primaries, the one with the slot at last.
async fn primaries(cluster: &RedisCluster, slot: u16) -> Result<Vec<Primary>> {
    let mut lines = Vec::new();
    for node in cluster.addresses() {
        let client = redis::Client::open(format!("redis://{node}"))?;
        let mut line = client.get_multiplexed_async_connection().await?;
        let role: Vec<redis::Value> = redis::cmd("ROLE").query_async(&mut line).await?;
        if role.first() == Some(&redis::Value::BulkString(b"master".to_vec())) {
            let id: String = redis::cmd("CLUSTER").arg("MYID").query_async(&mut line).await?;
            let mut count = redis::cmd("CLUSTER");
            let keys: Vec<String> =
                count.arg("GETKEYSINSLOT").arg(slot).arg(1000).query_async(&mut line).await?;
            lines.push((keys, node, id, line));
        }
    }
    lines.sort_by_key(|(keys, ..)| keys.len());
    Ok(lines)
}

/// The slot of a task.
async fn slot(cluster: &RedisCluster) -> Result<u16> {
    let client = redis::Client::open(format!("redis://{}", cluster.addresses()[0]))?;
    let mut line = client.get_multiplexed_async_connection().await?;
    let mut slot = redis::cmd("CLUSTER");
    Ok(slot.arg("KEYSLOT").arg("store:{app:0}:task").query_async(&mut line).await?)
}

/// Moves all of a slot to another primary.
async fn move_slot(cluster: &RedisCluster, slot: u16) -> Result<()> {
    let mut lines = primaries(cluster, slot).await?;
    let (keys, _, from_id, mut from) = lines.pop().context("a primary that has the slot")?;
    let (_, to_node, to_id, mut to) = lines.pop().context("another primary")?;
    let set = |state: &str, id: &str| {
        let mut set = redis::cmd("CLUSTER");
        set.arg("SETSLOT").arg(slot).arg(state).arg(id);
        set
    };
    let _: () = set("IMPORTING", &from_id).query_async(&mut to).await?;
    let _: () = set("MIGRATING", &to_id).query_async(&mut from).await?;
    let mut migrate = redis::cmd("MIGRATE");
    migrate.arg("127.0.0.1").arg(to_node.port()).arg("").arg(0).arg(10_000).arg("KEYS").arg(keys);
    let _: () = migrate.query_async(&mut from).await?;
    for line in [&mut to, &mut from] {
        let _: () = set("NODE", &to_id).query_async(line).await?;
    }
    Ok(())
}

/// What only reads finds a slot that has moved, as its owner does.
pub(crate) async fn a_slot_moves_under_readers_and_owners(_: RedisServer) -> Result<()> {
    let cluster = cluster()?;
    let connect = || RedisBackend::connect(cluster.url(), RedisConfig::default());
    let (owners, readers): (Arc<dyn Backend>, _) = (Arc::new(connect().await?), connect().await?);
    let mut owner = Owner::claim(&owners, &task(0)).await?;
    owner.put(MAP, &model("1")).await?;
    let reader = readers.read(&task(0)).await?;
    ensure!(reader.approximate_len(MAP).await? == 1);
    move_slot(&cluster, slot(&cluster).await?).await?;
    ensure!(reader.get_many(&[(MAP, key("key"))]).await? == [Some(key("1"))]);
    ensure!(reader.approximate_len(MAP).await? == 1);
    owner.put(MAP, &model("2")).await?;
    ensure!(all(&*reader, MAP).await? == model("2"));
    Ok(())
}

/// The same writer goes on at the replica that took over, on all that it was told is done.
pub(crate) async fn a_primary_that_dies_is_replaced(_: RedisServer) -> Result<()> {
    let cluster = cluster()?;
    let mut config = RedisConfig::default();
    (config.timeout_ms, config.durability) = (2000, RedisDurability::Replicas);
    let backend: Arc<dyn Backend> = Arc::new(RedisBackend::connect(cluster.url(), config).await?);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    super::fifty(&mut owner).await?;
    let mut primaries = primaries(&cluster, slot(&cluster).await?).await?;
    let (_, primary, ..) = primaries.pop().context("a primary that has the task")?;
    cluster.kill(primary)?;
    let mut tries = 0;
    let found = loop {
        match owner.reader().checkpoint().await {
            Err(error) => ensure!(error.is_retryable() && tries < 1000, "{error:?}"),
            Ok(found) => break found,
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    ensure!(found.sequence == 50, "{found:?}");
    // Alone it acknowledges nothing, until it has a replica again.
    let commit = owner.next(puts(MAP, &model("51")));
    super::is_alone(&mut owner, &commit).await?;
    cluster.start_again(primary)?;
    super::send_at_last(&mut owner, &commit).await?;
    ensure!(all(owner.reader(), MAP).await? == model("51"));
    ensure!(Owner::claim(&backend, &task(0)).await?.checkpoint.sequence == 51);
    Ok(())
}
