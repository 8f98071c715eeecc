//! What a claim finds out before it changes anything.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use integration_tests::RedisServer;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use store_conformance::waist::{MAP, Model, Owner, all, key, kind, task};
use store_core::{
    Effect, ErrorKind,
    backend::{Backend, MapChange, MapId, OwnerId},
};
use store_redis::{RedisBackend, RedisConfig};

use super::keys::{backend, model, raw};

/// The rights that docs/redis.md grants.
const RIGHTS: &[&str] = &[
    "+ping",
    "+select",
    "+eval",
    "+evalsha",
    "+multi",
    "+exec",
    "+type",
    "+hget",
    "+hmget",
    "+hset",
    "+hdel",
    "+hincrby",
    "+hlen",
    "+sadd",
    "+srem",
    "+smembers",
    "+scard",
    "+sismember",
    "+zadd",
    "+zrem",
    "+zrange",
    "+zcard",
    "+unlink",
    "+info",
];

async fn account(raw: &mut MultiplexedConnection, rights: &[&str]) -> Result<()> {
    let mut user = redis::cmd("ACL");
    user.arg("SETUSER")
        .arg("some")
        .arg(&["reset", "on", ">pass", "~store:*", "resetchannels", "-@all"])
        .arg(rights);
    Ok(user.query_async(raw).await?)
}

async fn some(server: &RedisServer) -> store_core::Result<Arc<dyn Backend>> {
    let url = server.url().replace("redis://", "redis://some:pass@");
    let mut config = RedisConfig::default();
    config.chunk_entries = 10;
    Ok(Arc::new(RedisBackend::connect(&url, config).await?))
}

pub(crate) async fn the_least_rights_are_enough_and_needed(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    account(&mut raw, RIGHTS).await?;
    let backend = some(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let large: Model = (0..35_u8).map(|n| (key([n]), key("x"))).collect();
    owner.put(MAP, &large).await?;
    owner.put(MapId::whole(2), &model("x")).await?;
    ensure!(all(owner.reader(), MAP).await? == large);
    ensure!(owner.reader().approximate_len(MAP).await? == 35);
    let reader = backend.read(&task(0)).await?;
    ensure!(all(&*reader, MAP).await? == large);
    ensure!(reader.get_many(&[(MAP, key([3]))]).await? == [Some(key("x"))]);
    ensure!(backend.tasks(&task(0).application).await?.len() == 1);
    backend.destroy(&task(0)).await?;

    for missing in RIGHTS.iter().filter(|right| !["+select", "+info", "+ping"].contains(right)) {
        let _: () = raw.del("store:{app:1}:task").await?;
        let rest: Vec<_> = RIGHTS.iter().copied().filter(|right| right != missing).collect();
        account(&mut raw, &rest).await?;
        let backend = some(&server).await?;
        let refused = backend.claim(&task(1), OwnerId::random(), &[]).await.err();
        let refused = match refused {
            // The script is known to the server by now, and is only sent again after a restart.
            None if *missing == "+eval" => continue,
            refused => refused.with_context(|| format!("claimed without {missing}"))?,
        };
        ensure!(refused.kind() == ErrorKind::PermissionDenied, "{missing}: {refused:?}");
        ensure!(refused.effect() == Effect::NotApplied || *missing == "+evalsha", "{refused:?}");
        ensure!(!raw.exists::<_, bool>("store:{app:1}:task").await?, "{missing}: half a claim");
    }
    // The keys of another namespace are no more allowed than the commands.
    account(&mut raw, RIGHTS).await?;
    let mut config = RedisConfig::default();
    config.namespace = "other".to_owned();
    let url = server.url().replace("redis://", "redis://some:pass@");
    let other = RedisBackend::connect(&url, config).await?;
    ensure!(
        kind(other.claim(&task(0), OwnerId::random(), &[]).await)
            == Some(ErrorKind::PermissionDenied)
    );
    Ok(())
}

pub(crate) async fn a_server_that_evicts_is_refused(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let mut policy = redis::cmd("CONFIG");
    let _: () =
        policy.arg("SET").arg("maxmemory-policy").arg("allkeys-lru").query_async(&mut raw).await?;
    let error = backend(&server).await?.claim(&task(0), OwnerId::random(), &[]).await.err();
    let error = error.context("claimed")?;
    ensure!(error.kind() == ErrorKind::Config, "{error:?}");
    ensure!(error.to_string().contains("maxmemory-policy noeviction"), "{error}");
    let left: usize = redis::cmd("DBSIZE").query_async(&mut raw).await?;
    ensure!(left == 0, "a refused claim leaves {left} keys");
    let mut config = RedisConfig::default();
    config.allow_eviction = true;
    RedisBackend::connect(server.url(), config)
        .await?
        .claim(&task(0), OwnerId::random(), &[])
        .await?;
    // Who may not ask is not refused: the log says what was not checked.
    let rights: Vec<_> = RIGHTS.iter().copied().filter(|right| *right != "+info").collect();
    account(&mut raw, &rights).await?;
    some(&server).await?.claim(&task(0), OwnerId::random(), &[]).await?;
    Ok(())
}

pub(crate) async fn what_lies_in_the_way_is_found_at_the_claim(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let backend = backend(&server).await?;
    Owner::claim(&backend, &task(0)).await?.put(MAP, &model("x")).await?;
    for name in ["log", "1:h", "1:z"] {
        let name = format!("store:{{app:0}}:{name}");
        let _: () = raw.del(&name).await?;
        let _: () = raw.set(&name, "theirs").await?;
        let error =
            backend.claim(&task(0), OwnerId::random(), &[]).await.err().context(name.clone())?;
        ensure!(
            error.kind() == ErrorKind::InvalidArgument && error.to_string().contains(&name),
            "{error:?}"
        );
        ensure!(backend.tasks(&task(0).application).await?[0].epoch == 1);
        let _: () = raw.del(&name).await?;
    }
    Ok(())
}

pub(crate) async fn another_layout_is_refused(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let backend = backend(&server).await?;
    Owner::claim(&backend, &task(0)).await?;
    let found: String = raw.hget("store:{app:0}:task", "layout").await?;
    ensure!(found == "2");
    let _: () = raw.hset("store:{app:0}:task", "layout", "1").await?;
    ensure!(
        kind(backend.claim(&task(0), OwnerId::random(), &[]).await)
            == Some(ErrorKind::SchemaMismatch)
    );
    ensure!(kind(backend.read(&task(0)).await) == Some(ErrorKind::SchemaMismatch));
    Ok(())
}

/// A script that is refused in its middle would leave half of its writes, of which the repeated commit mends only some.
pub(crate) async fn a_right_that_is_taken_away_applies_nothing(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    account(&mut raw, RIGHTS).await?;
    let mut owner = Owner::claim(&some(&server).await?, &task(0)).await?;
    owner.put(MAP, &model("before")).await?;
    let large: Model = (0..35_u8).map(|n| (key([n]), key("x"))).collect();
    for taken in ["+hset", "+hdel", "+hincrby", "+zadd", "+zrem", "+sadd", "+srem", "+unlink"] {
        let rest: Vec<_> = RIGHTS.iter().copied().filter(|right| *right != taken).collect();
        for entries in [&large, &model(taken)] {
            let before = all(owner.reader(), MAP).await?;
            let commit = owner.next(store_conformance::waist::puts(MAP, entries));
            account(&mut raw, &rest).await?;
            let refused = owner.send(&commit).await.err().context("committed")?;
            ensure!(refused.kind() == ErrorKind::PermissionDenied, "{taken}: {refused:?}");
            ensure!(all(owner.reader(), MAP).await? == before, "{taken}: half a commit");
            let stays = owner.reader().checkpoint().await?.sequence == owner.checkpoint.sequence;
            ensure!(stays, "{taken}: decided, and cannot be applied");
            account(&mut raw, RIGHTS).await?;
            owner.send(&commit).await?;
            let after = all(owner.reader(), MAP).await?;
            ensure!(entries.iter().all(|(key, value)| after.get(key) == Some(value)), "{taken}");
            ensure!(owner.reader().approximate_len(MAP).await? == after.len() as u64, "{taken}");
        }
        owner.put(MapId::whole(2), &model(taken)).await?;
        let clear = owner.next([(MAP, MapChange::Drop)].into());
        owner.send(&clear).await?;
    }
    Ok(())
}
