//! Kills, and what a fail-over to a server that was behind loses.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use integration_tests::RedisServer;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use store_conformance::waist::{MAP, Owner, all, kind, task};
use store_core::{
    Effect, ErrorKind,
    backend::{MapId, OwnerId},
};

use super::keys::{backend, model, raw};

pub(crate) async fn acknowledged_commits_survive_a_kill(mut server: RedisServer) -> Result<()> {
    let backend = backend(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    for round in 1..=5_u64 {
        for n in 0..20 {
            owner.put(MAP, &model(&format!("{round} {n}"))).await?;
        }
        server.kill_and_restart()?;
        // The same writer finds the server again.
        let mut tries = 0;
        let found = loop {
            match owner.reader().checkpoint().await {
                Ok(found) => break found,
                Err(error) => ensure!(error.is_retryable() && tries < 500, "{error:?}"),
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        ensure!(found.sequence == 20 * round, "{} of {}", found.sequence, 20 * round);
        ensure!(all(owner.reader(), MAP).await? == model(&format!("{round} 19")));
    }
    Ok(())
}

/// The keys of the task, as a server that is behind has them.
async fn behind(raw: &mut MultiplexedConnection) -> Result<Vec<(String, Vec<u8>)>> {
    let names: Vec<String> = raw.keys("store:{app:0}:*").await?;
    let mut keys = Vec::new();
    for name in names {
        let dump = redis::cmd("DUMP").arg(&name).query_async(raw).await?;
        keys.push((name, dump));
    }
    Ok(keys)
}

async fn fail_over(raw: &mut MultiplexedConnection, to: &[(String, Vec<u8>)]) -> Result<()> {
    let names: Vec<String> = raw.keys("store:{app:0}:*").await?;
    let _: () = raw.del(names).await?;
    for (name, dump) in to {
        let _: () = redis::cmd("RESTORE").arg(name).arg(0).arg(&dump[..]).query_async(raw).await?;
    }
    Ok(())
}

pub(crate) async fn a_lost_commit_is_a_gap(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let backend = backend(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("1")).await?;
    let kept = behind(&mut raw).await?;
    owner.put(MAP, &model("2")).await?;
    fail_over(&mut raw, &kept).await?;
    ensure!(kind(owner.put(MAP, &model("3")).await) == Some(ErrorKind::SequenceGap));
    let mut again = Owner::claim(&backend, &task(0)).await?;
    ensure!(again.checkpoint.sequence == 1 && all(again.reader(), MAP).await? == model("1"));
    again.put(MAP, &model("2 again")).await?;
    ensure!(kind(owner.put(MAP, &model("3")).await) == Some(ErrorKind::Fenced));
    Ok(())
}

/// After a lost claim the next one gets the same epoch; the owner tells them apart.
pub(crate) async fn a_lost_claim_is_fenced(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let backend = backend(&server).await?;
    Owner::claim(&backend, &task(0)).await?.put(MAP, &model("1")).await?;
    let kept = behind(&mut raw).await?;
    let mut lost = Owner::claim(&backend, &task(0)).await?;
    fail_over(&mut raw, &kept).await?;
    ensure!(kind(lost.put(MAP, &model("lost")).await) == Some(ErrorKind::Fenced));
    let mut next = Owner::claim(&backend, &task(0)).await?;
    ensure!(backend.tasks(&task(0).application).await?[0].epoch == 2, "the same epoch");
    let sent = next.next(store_conformance::waist::puts(MAP, &model("2")));
    next.send(&sent).await?;
    // The same number under the same epoch is no resend of ours.
    ensure!(kind(lost.put(MAP, &model("lost")).await) == Some(ErrorKind::Fenced));
    ensure!(all(next.reader(), MAP).await? == model("2"));
    Ok(())
}

/// Without persistence a kill loses everything, the claim too.
pub(crate) async fn a_server_that_lost_everything_is_a_gap(_: RedisServer) -> Result<()> {
    let mut server = RedisServer::with(&["--appendonly", "no"])?;
    let backend = backend(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("1")).await?;
    server.kill_and_restart()?;
    let mut tries = 0;
    let lost = loop {
        match owner.put(MAP, &model("2")).await {
            Err(error) if error.is_retryable() && tries < 500 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            answer => break answer,
        }
    };
    ensure!(kind(lost) == Some(ErrorKind::SequenceGap));
    let mut again = Owner::claim(&backend, &task(0)).await?;
    ensure!(again.checkpoint.sequence == 0 && all(again.reader(), MAP).await?.is_empty());
    again.put(MAP, &model("1 again")).await?;
    ensure!(kind(owner.put(MAP, &model("2")).await) == Some(ErrorKind::Fenced));
    Ok(())
}

/// Where some keys of a task are removed without the others, nobody goes on with the rest.
pub(crate) async fn keys_that_are_lost_alone_are_told(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let backend = backend(&server).await?;
    let gone = async |raw: &mut MultiplexedConnection, name: &str| -> Result<()> {
        let removed: usize = raw.del(format!("store:{{app:0}}:{name}")).await?;
        ensure!(removed == 1, "{name} was not there");
        Ok(())
    };
    Owner::claim(&backend, &task(0)).await?.put(MAP, &model("1")).await?;
    let kept = behind(&mut raw).await?;
    for name in ["task", "maps"] {
        gone(&mut raw, name).await?;
        let error = backend.claim(&task(0), OwnerId::random(), &[]).await.err().context(name)?;
        ensure!(error.kind() == ErrorKind::Corrupt, "{name}: {error:?}");
        ensure!(error.to_string().contains("begins with store:{app:0}"), "{error}");
        let expected = if name == "task" { ErrorKind::NotFound } else { ErrorKind::Corrupt };
        ensure!(kind(backend.destroy(&task(0)).await) == Some(expected), "{name}");
        fail_over(&mut raw, &kept).await?;
    }
    // The owner of the time notices, too; a map that is new to it begins the set anew.
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    gone(&mut raw, "maps").await?;
    ensure!(kind(owner.put(MAP, &model("2")).await) == Some(ErrorKind::Corrupt));
    owner.put(MapId::whole(2), &model("2")).await?;
    let claim = backend.claim(&task(0), OwnerId::random(), &[]).await;
    ensure!(kind(claim) == Some(ErrorKind::Corrupt), "a set that was begun anew");
    fail_over(&mut raw, &kept).await?;

    // Both at once: nobody finds the maps before they are written.
    gone(&mut raw, "maps").await?;
    gone(&mut raw, "task").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let error = owner.put(MAP, &model("1 again")).await.err().context("counted twice")?;
    ensure!(error.kind() == ErrorKind::Corrupt && error.effect() == Effect::NotApplied);
    ensure!(all(owner.reader(), MAP).await? == model("1"), "half a commit");
    fail_over(&mut raw, &kept).await?;

    for name in ["1:h", "1:z"] {
        gone(&mut raw, name).await?;
        let error = backend.claim(&task(0), OwnerId::random(), &[]).await.err().context(name)?;
        ensure!(error.kind() == ErrorKind::Corrupt, "{name}: {error:?}");
        ensure!(error.to_string().contains("store:{app:0}:1:h"), "{error}");
        backend.destroy(&task(0)).await?;
        let owner = Owner::claim(&backend, &task(0)).await?;
        ensure!(owner.checkpoint.sequence == 0 && all(owner.reader(), MAP).await?.is_empty());
        fail_over(&mut raw, &kept).await?;
    }
    // Nothing is left of a log whose record is gone.
    let names: Vec<String> = raw.keys("store:{app:0}:*").await?;
    let _: () = raw.del(names).await?;
    let _: () = raw.hset("store:{app:0}:log", "maps", "1").await?;
    let claim = backend.claim(&task(0), OwnerId::random(), &[]).await;
    ensure!(kind(claim) == Some(ErrorKind::Corrupt), "a log without its record");
    let _: () = raw.del("store:{app:0}:log").await?;
    ensure!(Owner::claim(&backend, &task(0)).await?.checkpoint.sequence == 0);
    Ok(())
}
