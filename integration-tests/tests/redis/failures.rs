//! Refusals and lost answers.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use integration_tests::RedisServer;
use store_conformance::waist::{MAP, Owner, all, kind, puts, task};
use store_core::{
    Effect, ErrorKind,
    backend::{Backend, MapChange},
};
use store_redis::{RedisBackend, RedisConfig};

use super::keys::{backend, model, raw};

pub(crate) async fn a_full_memory_applies_nothing(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let backend = backend(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("before")).await?;
    Owner::claim(&backend, &task(1)).await?.put(MAP, &model("of no use")).await?;
    let mut limit = async |bytes: &str| -> Result<()> {
        let mut set = redis::cmd("CONFIG");
        Ok(set.arg("SET").arg("maxmemory").arg(bytes).query_async(&mut raw).await?)
    };
    limit("1").await?;
    let commit = owner.next(puts(MAP, &model("after")));
    let error = owner.send(&commit).await.err().context("memory is full")?;
    ensure!(error.kind() == ErrorKind::OutOfSpace && error.effect() == Effect::NotApplied);
    ensure!(error.is_retryable() && error.to_string().contains("app/0"), "{error}");
    ensure!(all(owner.reader(), MAP).await? == model("before"), "reads go on");
    // One whose first write frees memory would be half applied if the script were let begin.
    let drop = owner.next([(MAP, MapChange::Drop)].into());
    ensure!(kind(owner.send(&drop).await) == Some(ErrorKind::OutOfSpace));
    ensure!(all(owner.reader(), MAP).await? == model("before"), "half a commit");
    // That is how some can be freed.
    backend.destroy(&task(1)).await?;
    limit("0").await?;
    owner.send(&commit).await?;
    ensure!(all(owner.reader(), MAP).await? == model("after"));
    Ok(())
}

pub(crate) async fn scripts_are_loaded_again(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let backend = backend(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    for value in ["1", "2"] {
        owner.put(MAP, &model(value)).await?;
        let mut flush = redis::cmd("SCRIPT");
        let _: () = flush.arg("FLUSH").query_async(&mut raw).await?;
        ensure!(all(owner.reader(), MAP).await? == model(value));
    }
    backend.destroy(&task(0)).await?;
    Ok(())
}

/// Stops the server from answering anybody; what arrives meanwhile is acted on afterwards.
fn keep_busy(milliseconds: u64) -> redis::Cmd {
    let script = r"local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
        local stop = now() + ARGV[1]
        while now() < stop do end";
    let mut command = redis::cmd("EVAL");
    command.arg(script).arg(0).arg(milliseconds);
    command
}

/// The server acts on a commit after its answer was given up; sending it again settles it, and counts it once.
pub(crate) async fn a_lost_answer_is_settled(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let mut config = RedisConfig::default();
    config.timeout_ms = 500;
    let backend: Arc<dyn Backend> = Arc::new(RedisBackend::connect(server.url(), config).await?);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    // Loads the script, without which the server would not act.
    owner.put(MAP, &model("w")).await?;
    let commit = owner.next(puts(MAP, &model("x")));
    let busy = tokio::spawn(async move { keep_busy(2000).query_async(&mut raw).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = owner.send(&commit).await.err().context("the server was busy")?;
    ensure!(error.kind() == ErrorKind::Timeout && error.effect() == Effect::Unknown, "{error:?}");
    let mut tries = 0;
    while let Err(error) = owner.send(&commit).await {
        ensure!(error.is_retryable() && tries < 100, "{error:?}");
        tries += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _: () = busy.await??;
    ensure!(owner.reader().checkpoint().await?.sequence == 2);
    owner.put(MAP, &model("y")).await?;
    ensure!(all(owner.reader(), MAP).await? == model("y"));
    Ok(())
}

pub(crate) async fn a_server_that_is_not_there(server: RedisServer) -> Result<()> {
    let url = server.url().to_owned();
    let backend = backend(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    drop(server);
    let error = owner.put(MAP, &model("x")).await.err().context("the server is gone")?;
    ensure!(error.kind() == ErrorKind::Unavailable && error.is_retryable(), "{error:?}");
    let error = RedisBackend::connect(&url, RedisConfig::default()).await.err();
    let error = error.context("the server is gone")?;
    ensure!(error.kind() == ErrorKind::Unavailable, "{error:?}");
    Ok(())
}
