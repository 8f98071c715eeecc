//! Commits that one script does not take.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::{
    RedisServer,
    crash::{Loss, Proxy},
};
use redis::{AsyncCommands, aio::MultiplexedConnection};
use store_conformance::waist::{MAP, Model, Owner, all, key, kind, puts, task};
use store_core::{
    Effect, ErrorKind,
    backend::{Backend, Commit, MapChange, MapId, OwnerId},
};
use store_redis::{RedisBackend, RedisConfig};

use super::keys::{model, raw};

const LOG: &str = "store:{app:0}:log";
const RECORD: &str = "store:{app:0}:task";
const OTHER: MapId = MapId::segment(2, -7);

async fn in_chunks_of(server: &RedisServer, entries: usize) -> Result<Arc<dyn Backend>> {
    let mut config = RedisConfig::default();
    config.chunk_entries = entries;
    Ok(Arc::new(RedisBackend::connect(server.url(), config).await?))
}

fn numbered(count: u32, value: &str) -> Model {
    (0..count).map(|n| (key(n.to_be_bytes()), key(value))).collect()
}

/// Puts, overwrites and deletes in one map, and drops the other.
fn change(owner: &Owner, count: u32) -> (Arc<Commit>, Model) {
    let mut after = numbered(count, "after");
    let mut writes = match puts(MAP, &after).remove(&MAP) {
        Some(MapChange::Write(writes)) => writes,
        _ => Default::default(),
    };
    for n in (0..count).step_by(3) {
        let key = key(n.to_be_bytes());
        after.remove(&key);
        writes.insert(key, None);
    }
    (owner.next([(MAP, MapChange::Write(writes)), (OTHER, MapChange::Drop)].into()), after)
}

/// A task with something in both maps.
async fn prepared(server: &RedisServer, before: &Model) -> Result<(Arc<dyn Backend>, Owner)> {
    let backend = in_chunks_of(server, 10).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let mut changes = puts(MAP, before);
    changes.extend(puts(OTHER, &model("dropped")));
    let commit = owner.next(changes);
    owner.send(&commit).await?;
    Ok((backend, owner))
}

pub(crate) async fn readers_see_a_large_commit_whole(server: RedisServer) -> Result<()> {
    let before = numbered(1500, "before");
    let (backend, owner) = prepared(&server, &before).await?;
    let (commit, after) = change(&owner, 2000);
    let reader = backend.read(&task(0)).await?;
    let writer = owner.claim.writer.clone();
    let writing = tokio::spawn(async move {
        writer.commit(&commit).await?;
        writer.apply().await
    });
    let mut seen = [0, 0];
    loop {
        let ended = writing.is_finished();
        let keys = [
            (MAP, key(0_u32.to_be_bytes())),
            (MAP, key(1999_u32.to_be_bytes())),
            (OTHER, key("key")),
        ];
        let sequence = reader.checkpoint().await?.sequence;
        let values = reader.get_many(&keys).await?;
        let (old, new) =
            ([Some(key("before")), None, Some(key("dropped"))], [None, Some(key("after")), None]);
        ensure!(values == old || values == new, "half a commit: {values:?}");
        ensure!(values == new || sequence == 1, "a checkpoint before its commit");
        let which = usize::from(values == new);
        seen[which] += 1;
        if which == 1 {
            // Once seen it stays, in every page and in every count.
            ensure!(all(&*reader, MAP).await? == after, "half a commit in a scan");
            ensure!(all(&*reader, OTHER).await?.is_empty());
            ensure!(reader.approximate_len(MAP).await? == after.len() as u64);
            ensure!(reader.approximate_len(OTHER).await? == 0);
        }
        if ended {
            break;
        }
    }
    writing.await??;
    ensure!(seen[1] > 0, "{seen:?}");
    ensure!(all(&*reader, MAP).await? == after && all(owner.reader(), MAP).await? == after);
    ensure!(!raw(&server).await?.exists::<_, bool>(LOG).await?, "the log is gone");
    Ok(())
}

/// Runs something until the record says that it is under way, and then drops it.
async fn cut_off<T: Send + 'static>(
    raw: &mut MultiplexedConnection,
    what: impl Future<Output = T> + Send + 'static,
    under_way: impl Fn(&str, &str) -> bool,
) -> Result<bool> {
    let running = tokio::spawn(what);
    loop {
        let ended = running.is_finished();
        let (staged, pending): (Option<String>, Option<String>) =
            raw.hmget(RECORD, &["staged", "pending"]).await?;
        if under_way(&staged.unwrap_or_default(), &pending.unwrap_or_default()) {
            running.abort();
            let _ = running.await;
            return Ok(!ended);
        }
        if ended {
            return Ok(false);
        }
    }
}

pub(crate) async fn a_half_staged_commit_is_nowhere(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let before = numbered(100, "before");
    let (backend, owner) = prepared(&server, &before).await?;
    let (commit, after) = change(&owner, 30_000);
    let (writer, sent) = (owner.claim.writer.clone(), commit.clone());
    let staging = cut_off(&mut raw, async move { writer.commit(&sent).await }, |staged, _| {
        !staged.is_empty()
    });
    ensure!(staging.await?, "it was not cut off while it was staged");
    ensure!(raw.exists::<_, bool>(LOG).await?);
    let reader = backend.read(&task(0)).await?;
    for reader in [&*reader, owner.reader()] {
        ensure!(all(reader, MAP).await? == before && reader.checkpoint().await?.sequence == 1);
    }
    let mut next = Owner::claim(&backend, &task(0)).await?;
    ensure!(!raw.exists::<_, bool>(LOG).await?, "the next owner removes it");
    ensure!(!raw.hexists::<_, _, bool>(RECORD, "staged").await?);
    ensure!(all(next.reader(), MAP).await? == before);
    // What its owner sends late, or again.
    ensure!(kind(owner.claim.writer.commit(&commit).await) == Some(ErrorKind::Fenced));
    ensure!(!raw.exists::<_, bool>(LOG).await?, "a zombie stages nothing");
    // The same owner may begin anew, also after other content was staged.
    let (commit, _) = change(&next, 30_000);
    let (writer, sent) = (next.claim.writer.clone(), commit.clone());
    ensure!(
        cut_off(&mut raw, async move { writer.commit(&sent).await }, |staged, _| !staged
            .is_empty())
        .await?
    );
    next.send(&commit).await?;
    ensure!(all(next.reader(), MAP).await? == after);
    ensure!(!raw.exists::<_, bool>(LOG).await?);
    Ok(())
}

/// The log is a key of its own, which may be removed or evicted before it is decided.
pub(crate) async fn a_log_that_is_gone_decides_nothing(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let before = numbered(100, "before");
    let (_, mut owner) = prepared(&server, &before).await?;
    let (commit, after) = change(&owner, 30_000);
    let (writer, sent) = (owner.claim.writer.clone(), commit.clone());
    let staging = tokio::spawn(async move { writer.commit(&sent).await });
    while !raw.hexists::<_, _, bool>(RECORD, "staged").await? {}
    let _: () = raw.del(LOG).await?;
    let error = staging.await?.err().context("decided without its log")?;
    let known = (error.kind(), error.effect());
    ensure!(known == (ErrorKind::Unavailable, Effect::NotApplied), "{error:?}");
    ensure!(all(owner.reader(), MAP).await? == before);
    owner.send(&commit).await?;
    ensure!(all(owner.reader(), MAP).await? == after);
    Ok(())
}

pub(crate) async fn a_half_applied_commit_is_finished(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let before = numbered(100, "before");
    let (backend, owner) = prepared(&server, &before).await?;
    let (commit, after) = change(&owner, 30_000);
    owner.claim.writer.commit(&commit).await?;
    let writer = owner.claim.writer.clone();
    let begun = |_: &str, pending: &str| !pending.is_empty() && !pending.ends_with(":0");
    ensure!(
        cut_off(&mut raw, async move { writer.apply().await }, begun).await?,
        "it was not cut off"
    );
    let reader = backend.read(&task(0)).await?;
    ensure!(all(&*reader, MAP).await? == after && reader.checkpoint().await?.sequence == 2);
    let claim = backend.claim(&task(0), OwnerId::random(), &[]).await?;
    ensure!(claim.checkpoint.sequence == 2);
    ensure!(all(&*claim.writer, MAP).await? == after);
    ensure!(claim.writer.approximate_len(OTHER).await? == 0);
    ensure!(
        !raw.exists::<_, bool>(LOG).await? && !raw.hexists::<_, _, bool>(RECORD, "pending").await?
    );
    ensure!(kind(owner.claim.writer.apply().await) == Some(ErrorKind::Fenced));
    // The next owner goes on from there.
    let mut next = Owner::claim(&backend, &task(1)).await?;
    (next.checkpoint, next.claim) = (claim.checkpoint.clone(), claim);
    next.put(MAP, &numbered(100, "next")).await?;
    ensure!(
        all(next.reader(), MAP).await?.len() > after.len(),
        "the deleted keys below 100 are back"
    );
    // A task that is destroyed while a large commit is applied leaves nothing.
    let (commit, _) = change(&next, 30_000);
    next.claim.writer.commit(&commit).await?;
    backend.destroy(&task(0)).await?;
    let left: Vec<String> = raw.keys("store:{app:0}:*").await?;
    ensure!(left == [RECORD], "{left:?}");
    ensure!(kind(next.claim.writer.apply().await) == Some(ErrorKind::Fenced));
    let again = Owner::claim(&backend, &task(0)).await?;
    ensure!(again.checkpoint.sequence == 0 && all(again.reader(), MAP).await?.is_empty());
    Ok(())
}

/// One that finds a decided log may be overtaken by a later owner that finishes it: that is no damage.
pub(crate) async fn who_is_overtaken_at_a_log_is_fenced(server: RedisServer) -> Result<()> {
    let (backend, owner) = prepared(&server, &numbered(100, "before")).await?;
    let (commit, after) = change(&owner, 50);
    owner.claim.writer.commit(&commit).await?;
    let line = Proxy::start(server.address()).await?;
    let url = format!("redis://{}", line.address());
    let slow = RedisBackend::connect(&url, RedisConfig::default()).await?;
    let id = OwnerId::random();
    // The claim is made, and who made it learns so late.
    line.lose(id.to_string().as_bytes(), 0, Loss::Delay(Duration::from_secs(1)));
    let slow = tokio::spawn(async move { slow.claim(&task(0), id, &[]).await });
    let mut raw = raw(&server).await?;
    while !raw.hget::<_, _, String>(RECORD, "fence").await?.ends_with(&id.to_string()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let next = Owner::claim(&backend, &task(0)).await?;
    ensure!(kind(slow.await?) == Some(ErrorKind::Fenced));
    ensure!(all(next.reader(), MAP).await?.len() == after.len() + 50);
    Ok(())
}

pub(crate) async fn sizes(server: RedisServer) -> Result<()> {
    let backend = in_chunks_of(&server, 10_000).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    for entries in [1, 9_999, 10_000, 10_001] {
        let model = numbered(entries, "x");
        owner.put(MAP, &model).await?;
        ensure!(owner.reader().approximate_len(MAP).await? == u64::from(entries));
    }
    for bytes in [0, 1, 3999, (4 << 20) + 1, 16 << 20] {
        let value = Model::from([(key("k"), key(vec![b'v'; bytes]))]);
        owner.put(MapId::whole(2), &value).await?;
        ensure!(all(owner.reader(), MapId::whole(2)).await? == value, "{bytes} bytes");
    }
    Ok(())
}

pub(crate) async fn a_million_entries(server: RedisServer) -> Result<()> {
    let backend = in_chunks_of(&server, 10_000).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model =
        (0..1_000_000_u32).map(|n| (key(format!("key-{n:012}")), key(n.to_be_bytes()))).collect();
    let commit = owner.next(puts(MAP, &model));
    let mut raw = raw(&server).await?;
    let longest = tokio::spawn(async move {
        let mut longest = Duration::ZERO;
        loop {
            let asked = Instant::now();
            let (sequence, pending): (Option<u64>, Option<String>) =
                raw.hmget(RECORD, &["sequence", "pending"]).await?;
            longest = longest.max(asked.elapsed());
            if sequence == Some(1) && pending.is_none() {
                return redis::RedisResult::Ok(longest);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let begun = Instant::now();
    owner.send(&commit).await?;
    let took = begun.elapsed();
    println!(
        "1 000 000 entries in {took:?}; others waited for the server {:?} at most",
        longest.await??
    );
    ensure!(owner.reader().approximate_len(MAP).await? == 1_000_000);
    let keys: Vec<_> = model.keys().step_by(99_999).map(|key| (MAP, key.clone())).collect();
    let values = owner.reader().get_many(&keys).await?;
    ensure!(keys.iter().zip(values).all(|((_, key), value)| value.as_ref() == model.get(key)));
    owner.claim.writer.close().await.context("close")?;
    Ok(())
}
