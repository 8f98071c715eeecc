//! Our keys beside those of others.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use integration_tests::RedisServer;
use redis::{AsyncCommands, AsyncConnectionConfig, aio::MultiplexedConnection};
use store_core::{
    Effect, ErrorKind,
    backend::{Backend, KeyRange, MapChange, MapId, Order, PageLimit, TaskId},
};
use store_redis::{RedisBackend, RedisConfig};

use store_conformance::waist::{MAP, Model, Owner, all, deletes, key, kind, puts, task};

pub(crate) async fn backend(server: &RedisServer) -> Result<Arc<dyn Backend>> {
    Ok(Arc::new(RedisBackend::connect(server.url(), RedisConfig::default()).await?))
}

pub(crate) async fn raw(server: &RedisServer) -> Result<MultiplexedConnection> {
    // The driver's own half a second is not enough for a server that is kept busy.
    let patient = AsyncConnectionConfig::new()
        .set_response_timeout(Some(Duration::from_secs(60)))
        .set_connection_timeout(Some(Duration::from_secs(60)));
    let client = redis::Client::open(server.url())?;
    Ok(client.get_multiplexed_async_connection_with_config(&patient).await?)
}

pub(crate) fn model(value: &str) -> Model {
    [(key("key"), key(value))].into()
}

/// Keys that look much like ours stay; ours share the hash tag of their task.
pub(crate) async fn foreign_keys_are_untouched(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let foreign = [
        "key",
        "store",
        "store:{app:0}",
        "store:{app:0}:9:h",
        "store:{app:00}:1:h",
        "store:{app:01}:1:z",
        "store2:{app:0}:1:h",
        "store:tasks:ap",
    ];
    for name in foreign {
        let _: () = raw.set(name, "theirs").await?;
    }
    let backend = backend(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let segment = MapId::segment(2, -7);
    let mut changes = puts(MAP, &model("ours"));
    changes.extend(puts(segment, &model("ours")));
    let commit = owner.next(changes);
    owner.send(&commit).await?;
    let ours: Vec<String> = raw.keys("*").await?;
    let ours = ours.iter().filter(|name| !foreign.contains(&name.as_str()));
    let strays: Vec<_> = ours.filter(|name| !name.starts_with("store:{app:0}:")).collect();
    ensure!(strays == ["store:tasks:app"], "{strays:?}");

    let mut changes = deletes(MAP, [key("key")]);
    changes.insert(segment, MapChange::Drop);
    let commit = owner.next(changes);
    owner.send(&commit).await?;
    for name in ["1:h", "1:z", "2.-7:h", "2.-7:z"] {
        ensure!(!raw.exists::<_, bool>(format!("store:{{app:0}}:{name}")).await?, "{name}");
    }
    backend.destroy(&task(0)).await?;
    for name in foreign {
        ensure!(raw.get::<_, Option<String>>(name).await?.as_deref() == Some("theirs"), "{name}");
    }
    let left: usize = redis::cmd("DBSIZE").query_async(&mut raw).await?;
    ensure!(left == foreign.len() + 2, "the record and the list stay, not {left} keys");
    Ok(())
}

/// Applications whose names begin alike, and one of another namespace, with the same partition, map and key.
pub(crate) async fn applications_share_a_database(server: RedisServer) -> Result<()> {
    let mut config = RedisConfig::default();
    config.namespace = "store2".to_owned();
    let other: Arc<dyn Backend> = Arc::new(RedisBackend::connect(server.url(), config).await?);
    let ours = backend(&server).await?;
    let place = |backend: &Arc<dyn Backend>, name: &str| -> Result<_> {
        Ok((backend.clone(), TaskId::new(name, 0)?))
    };
    let places = [place(&ours, "app")?, place(&ours, "app2")?, place(&other, "app")?];
    let mut owners = Vec::new();
    for (backend, task) in &places {
        owners.push(Owner::claim(backend, task).await?);
    }
    for (n, owner) in owners.iter_mut().enumerate() {
        owner.put(MAP, &model(&n.to_string())).await?;
    }
    for (n, owner) in owners.iter().enumerate() {
        ensure!(all(owner.reader(), MAP).await? == model(&n.to_string()), "place {n}");
    }
    for (gone, (backend, task)) in places.iter().enumerate() {
        backend.destroy(task).await?;
        ensure!(backend.tasks(&task.application).await?.is_empty(), "place {gone} stays");
        for (n, owner) in owners.iter_mut().enumerate().skip(gone + 1) {
            ensure!(all(owner.reader(), MAP).await? == model(&n.to_string()), "place {n}");
            owner.put(MAP, &model(&n.to_string())).await?;
        }
    }
    Ok(())
}

pub(crate) async fn a_foreign_key_in_the_way_applies_nothing(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let backend = backend(&server).await?;
    let in_the_way = ["store:{app:0}:2:z", "store:{app:0}:2:h", "store:{app:0}:maps"];
    for name in in_the_way {
        let mut owner = Owner::claim(&backend, &task(0)).await?;
        let before = all(owner.reader(), MAP).await?;
        let kept: Option<Vec<u8>> = redis::cmd("DUMP").arg(name).query_async(&mut raw).await?;
        let _: () = raw.del(name).await?;
        let _: () = raw.set(name, "theirs").await?;
        let mut changes = puts(MAP, &model(name));
        changes.extend(puts(MapId::whole(2), &model(name)));
        let commit = owner.next(changes);
        let error = owner.send(&commit).await.expect_err(name);
        ensure!(error.kind() == ErrorKind::InvalidArgument, "{error:?}");
        ensure!(error.effect() == Effect::NotApplied && !error.is_retryable());
        ensure!(all(owner.reader(), MAP).await? == before, "half a commit");
        ensure!(owner.reader().checkpoint().await?.sequence == owner.checkpoint.sequence);
        let _: () = raw.del(name).await?;
        if let Some(kept) = kept {
            let mut restore = redis::cmd("RESTORE");
            let _: () = restore.arg(name).arg(0).arg(kept).query_async(&mut raw).await?;
        }
        owner.send(&commit).await?;
        ensure!(all(owner.reader(), MapId::whole(2)).await? == model(name));
    }
    // A commit that only drops writes nothing before it comes to that key.
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let _: () = raw.del("store:{app:0}:maps").await?;
    let _: () = raw.set("store:{app:0}:maps", "theirs").await?;
    let commit = owner.next([(MAP, MapChange::Drop)].into());
    ensure!(kind(owner.send(&commit).await) == Some(ErrorKind::InvalidArgument));
    ensure!(!all(owner.reader(), MAP).await?.is_empty(), "half a commit");

    let _: () = raw.set("store:{app:0}:3:h", "theirs").await?;
    let _: () = raw.set("store:{app:0}:3:z", "theirs").await?;
    let reader = backend.read(&task(0)).await?;
    let wrong = MapId::whole(3);
    let page = reader.scan(wrong, &KeyRange::ALL, Order::Forward, PageLimit::default()).await;
    ensure!(kind(page) == Some(ErrorKind::InvalidArgument));
    let found = reader.get_many(&[(MAP, key("a")), (wrong, key("a"))]).await;
    ensure!(kind(found) == Some(ErrorKind::InvalidArgument));
    Ok(())
}
