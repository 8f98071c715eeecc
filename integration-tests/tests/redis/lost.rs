//! Kills, and what a fail-over to a server that was behind loses.

use std::time::Duration;

use anyhow::{Result, ensure};
use integration_tests::RedisServer;
use redis::{AsyncCommands, aio::MultiplexedConnection};
use store_conformance::waist::{MAP, Owner, all, kind, task};
use store_core::ErrorKind;

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
