//! A cluster of six.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use integration_tests::{
    RedisServer,
    servers::{RedisCluster, ServerKind, Settings},
};
use store_conformance::waist::{MAP, Model, Owner, all, key, kind, task};
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
    ensure!(kind(claimed).is_none_or(|kind| kind == ErrorKind::Unsupported));
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
