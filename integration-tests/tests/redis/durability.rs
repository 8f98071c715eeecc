//! Commits that wait for a disk or for replicas.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use integration_tests::RedisServer;
use redis::aio::MultiplexedConnection;
use store_conformance::waist::{MAP, Owner, all, kind, puts, task};
use store_core::{
    Effect, Error, ErrorKind,
    backend::{Backend, OwnerId},
};
use store_redis::{RedisBackend, RedisConfig, RedisDurability};

use super::keys::{model, raw};

async fn with(url: &str, durability: RedisDurability) -> Result<Arc<dyn Backend>> {
    let mut config = RedisConfig::default();
    config.timeout_ms = 2000;
    config.durability = durability;
    Ok(Arc::new(RedisBackend::connect(url, config).await?))
}

async fn claims(url: &str, durability: RedisDurability) -> Result<Result<(), Error>> {
    let claim = with(url, durability).await?.claim(&task(0), OwnerId::random(), &[]).await;
    Ok(claim.map(drop))
}

async fn set(raw: &mut MultiplexedConnection, name: &str, value: &str) -> Result<()> {
    let mut set = redis::cmd("CONFIG");
    Ok(set.arg("SET").arg(name).arg(value).query_async(raw).await?)
}

pub(crate) async fn the_disk_is_waited_for(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let disk = RedisDurability::LocalFsync;
    let backend = with(server.url(), disk).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("1")).await?;
    ensure!(all(owner.reader(), MAP).await? == model("1"));

    let known: Vec<Option<redis::Value>> =
        redis::cmd("COMMAND").arg("INFO").arg("WAITAOF").query_async(&mut raw).await?;
    let has_waitaof = known[0].is_some();
    println!("WAITAOF: {has_waitaof}");
    set(&mut raw, "appendfsync", "everysec").await?;
    let late = claims(server.url(), disk).await?;
    if has_waitaof {
        late?;
        let mut owner = Owner::claim(&backend, &task(0)).await?;
        owner.put(MAP, &model("2")).await?;
    } else {
        let unsafe_as = |error: Error, set: &str| {
            let is = error.kind() == ErrorKind::Unsupported && error.to_string().contains(set);
            ensure!(is, "{error:?}");
            Ok(())
        };
        unsafe_as(late.err().context("claimed")?, "appendfsync always")?;
        set(&mut raw, "appendfsync", "always").await?;
        set(&mut raw, "no-appendfsync-on-rewrite", "yes").await?;
        let error = claims(server.url(), disk).await?.err().context("claimed")?;
        unsafe_as(error, "no-appendfsync-on-rewrite no")?;
    }
    let mut user = redis::cmd("ACL");
    let may = ["on", ">pass", "~*", "+@all", "-config|get", "-waitaof"];
    let may = if has_waitaof { &may[..] } else { &may[..5] };
    let _: () = user.arg("SETUSER").arg("some").arg(may).query_async(&mut raw).await?;
    let url = server.url().replace("redis://", "redis://some:pass@");
    let error = claims(&url, disk).await?.err().context("claimed")?;
    ensure!(error.kind() == ErrorKind::PermissionDenied, "{error:?}");
    let right = if has_waitaof { "+waitaof" } else { "+config|get" };
    ensure!(error.to_string().contains(right), "{error}");
    if has_waitaof {
        // Switched off after the claim: the commit is in memory only.
        let mut owner = Owner::claim(&backend, &task(0)).await?;
        set(&mut raw, "appendonly", "no").await?;
        let commit = owner.next(puts(MAP, &model("3")));
        let error = owner.send(&commit).await.err().context("there is no file to wait for")?;
        ensure!(error.effect() == Effect::Unknown, "{error:?}");
        set(&mut raw, "appendonly", "yes").await?;
        while let Err(error) = owner.send(&commit).await {
            ensure!(error.kind() == ErrorKind::Timeout, "{error:?}");
        }
        ensure!(all(owner.reader(), MAP).await? == model("3"));
    }
    set(&mut raw, "appendonly", "no").await?;
    let error = claims(server.url(), disk).await?.err().context("claimed")?;
    ensure!(
        error.kind() == ErrorKind::Config && error.to_string().contains("appendonly yes"),
        "{error:?}"
    );
    Ok(())
}

pub(crate) async fn replicas_are_waited_for(server: RedisServer) -> Result<()> {
    let replicas = RedisDurability::Replicas;
    let error = claims(server.url(), replicas).await?.err().context("claimed")?;
    ensure!(
        error.kind() == ErrorKind::Unavailable && error.to_string().contains("has 0"),
        "{error:?}"
    );
    let replica = RedisServer::with(&["--replicaof", &format!("127.0.0.1 {}", server.port()?)])?;
    let backend = with(server.url(), replicas).await?;
    let mut tries = 0;
    let mut owner = loop {
        match backend.claim(&task(0), OwnerId::random(), &[]).await {
            Err(error) if tries < 1000 => ensure!(error.is_retryable(), "{error:?}"),
            claim => {
                let claim = claim?;
                let mut owner = Owner::claim(&backend, &task(1)).await?;
                (owner.checkpoint, owner.claim) = (claim.checkpoint.clone(), claim);
                break owner;
            }
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // Until it follows: the first commits may wait longer than they may take.
    let first = owner.next(puts(MAP, &model("1")));
    while let Err(error) = owner.send(&first).await {
        ensure!(error.kind() == ErrorKind::Timeout && tries < 2000, "{error:?}");
        tries += 1;
    }
    replica.hold(true)?;
    let second = owner.next(puts(MAP, &model("2")));
    for _ in 0..2 {
        // Also when it is only sent again, and nothing is left to be written.
        let error = owner.send(&second).await.err().context("a replica that hangs has it")?;
        ensure!(
            (error.kind(), error.effect()) == (ErrorKind::Timeout, Effect::Unknown),
            "{error:?}"
        );
        ensure!(error.to_string().contains("0 of 1 replicas"), "{error}");
    }
    for _ in 0..2 {
        // Also when nothing is left to be removed.
        let error = backend.destroy(&task(1)).await.err().context("gone at the primary only")?;
        let known = (error.kind(), error.effect());
        ensure!(known == (ErrorKind::Timeout, Effect::Unknown), "{error:?}");
    }
    replica.hold(false)?;
    while let Err(error) = owner.send(&second).await {
        ensure!(error.kind() == ErrorKind::Timeout && tries < 2000, "{error:?}");
        tries += 1;
    }
    ensure!(owner.reader().checkpoint().await?.sequence == 2);
    ensure!(kind(backend.destroy(&task(1)).await) == Some(ErrorKind::NotFound));
    let connection = redis::Client::open(server.url())?.get_connection_manager().await?;
    let mut config = RedisConfig::default();
    config.durability = replicas;
    let shared = RedisBackend::with_connection(connection, config)?;
    ensure!(
        kind(shared.claim(&task(2), OwnerId::random(), &[]).await) == Some(ErrorKind::Unsupported)
    );
    Ok(())
}

/// Waits until so many replicas follow a server.
async fn follows(raw: &mut MultiplexedConnection, count: usize) -> Result<()> {
    let line = format!("connected_slaves:{count}\r");
    loop {
        let info: String = redis::cmd("INFO").arg("replication").query_async(raw).await?;
        if info.contains(&line) && !info.contains("state=wait") && !info.contains("state=send") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A server that becomes a replica breaks off the waits at it: the commits may be at the replica that takes over.
pub(crate) async fn a_wait_that_is_broken_off_is_unknown(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let replica = RedisServer::with(&["--replicaof", &format!("127.0.0.1 {}", server.port()?)])?;
    follows(&mut raw, 1).await?;
    let mut config = RedisConfig::default();
    config.durability = RedisDurability::Replicas;
    let backend: Arc<dyn Backend> = Arc::new(RedisBackend::connect(server.url(), config).await?);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("1")).await?;
    replica.hold(true)?;
    let commit = owner.next(puts(MAP, &model("2")));
    let (writer, sent) = (owner.claim.writer.clone(), commit.clone());
    let waiting = tokio::spawn(async move { writer.commit(&sent).await });
    while owner.reader().checkpoint().await?.sequence < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut demote = redis::cmd("REPLICAOF");
    let mut raw = super::keys::raw(&server).await?;
    let _: () = demote.arg("127.0.0.1").arg(replica.port()?).query_async(&mut raw).await?;
    let error = waiting.await?.err().context("committed without a replica")?;
    ensure!(error.effect() == Effect::Unknown && error.is_retryable(), "{error:?}");
    let mut promote = redis::cmd("REPLICAOF");
    let _: () = promote.arg("NO").arg("ONE").query_async(&mut raw).await?;
    replica.hold(false)?;
    super::send_at_last(&mut owner, &commit).await?;
    ensure!(owner.reader().checkpoint().await?.sequence == 2);
    Ok(())
}

/// What replicas have acknowledged is there after a fail-over, and the old primary acknowledges nothing any more.
pub(crate) async fn a_replica_takes_over(mut server: RedisServer) -> Result<()> {
    let replica = RedisServer::with(&["--replicaof", &format!("127.0.0.1 {}", server.port()?)])?;
    follows(&mut raw(&server).await?, 1).await?;
    let backend = with(server.url(), RedisDurability::Replicas).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    super::fifty(&mut owner).await?;
    server.kill()?;
    let mut promote = redis::cmd("REPLICAOF");
    let promote = promote.arg("NO").arg("ONE");
    let _: () = promote.query_async(&mut raw(&replica).await?).await?;
    let next = with(replica.url(), RedisDurability::None).await?;
    let mut heir = Owner::claim(&next, &task(0)).await?;
    ensure!(heir.checkpoint.sequence == 50, "{:?}", heir.checkpoint);
    ensure!(all(heir.reader(), MAP).await? == model("50"));
    heir.put(MAP, &model("51")).await?;

    server.start_again()?;
    let commit = owner.next(puts(MAP, &model("old")));
    super::is_alone(&mut owner, &commit).await?;
    ensure!(all(heir.reader(), MAP).await? == model("51"));
    Ok(())
}
