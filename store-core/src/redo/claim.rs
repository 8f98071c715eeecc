//! Claim, take-over and destruction.

use std::sync::Arc;

use super::{
    Body, Lease, Meta, MetaChange, Pending, RedoConfig, RedoTask, RedoWriter, Step, Swap, log,
    ownership::check_ours,
};
use crate::{
    Effect, Error, ErrorKind, Result,
    backend::{Changes, Claim, Fence, OwnerId, TaskId},
};

/// How often a claim tries again because another one came first.
const RIVALS: usize = 100;

/// Claims a task: what [`Backend::claim`](crate::backend::Backend::claim) does over the primitives.
///
/// First raises the epoch and nothing else, then reads the record again and uses only what that says, finishes a
/// decided commit with its recorded stamp, and only then serves.
pub async fn claim(
    task: &TaskId,
    owner: OwnerId,
    primitives: Arc<dyn RedoTask>,
    config: RedoConfig,
) -> Result<Claim> {
    let meta = take(task, owner, &*primitives, &config).await?;
    let checkpoint = meta.checkpoint()?;
    let writer = RedoWriter::new(task.clone(), primitives, config, &meta, checkpoint.clone());
    Ok(Claim::new(Arc::new(writer), checkpoint))
}

/// Removes a task for good: what [`Backend::destroy`](crate::backend::Backend::destroy) does over the primitives.
///
/// The record stays, with its epoch and stamps. A crash in between leaves a record that says up to which stamp
/// everything is to be removed; the next claim, or the same call again, does it.
pub async fn destroy(task: &TaskId, primitives: &dyn RedoTask, config: &RedoConfig) -> Result<()> {
    let reading = lease(config);
    match primitives.load().await? {
        Some(meta) if meta.is_alive() => {}
        // An earlier call was cut off: the record is empty, the data may not be.
        Some(Meta { wipe: Some(stamp), fence, .. }) => {
            return remove(primitives, fence, stamp, &reading).await;
        }
        _ => return Err(Error::new(ErrorKind::NotFound, format!("there is no task {task}"))),
    }
    let meta = take(task, OwnerId::random(), primitives, config).await?;
    let wipe = next_stamp(config, meta.stamp_hi);
    let lease = lease(config);
    match primitives.swap(&MetaChange::Destroy { fence: meta.fence, wipe }).await? {
        Swap::Applied => {}
        // Our own change, sent twice on the way.
        Swap::Refused(Some(now)) if now.fence == meta.fence && now.wipe == Some(wipe) => {}
        Swap::Refused(_) => return Err(fenced(task)),
    }
    remove(primitives, meta.fence, wipe, &lease).await
}

/// Removes what a destroyed task left.
async fn remove(primitives: &dyn RedoTask, fence: Fence, stamp: i64, lease: &Lease) -> Result<()> {
    let removed = async {
        primitives.reached(Step::Wiping).await?;
        primitives.wipe(stamp, lease).await?;
        primitives.sweep(fence.epoch).await
    };
    // The record says already that there is no task, whatever became of its data.
    removed.await.map_err(|error| error.with_effect(Effect::Unknown))?;
    // Says that nothing is left; without it, whoever comes next wipes again.
    let _ = primitives.swap(&MetaChange::Clear { fence, sequence: 0 }).await;
    Ok(())
}

/// Raises the epoch, reads again, finishes what was left.
async fn take(
    task: &TaskId,
    owner: OwnerId,
    primitives: &dyn RedoTask,
    config: &RedoConfig,
) -> Result<Meta> {
    let fence = raise(task, owner, primitives).await?;
    primitives.reached(Step::Claimed).await?;
    let lease = lease(config);
    let meta = check_ours(task, fence, primitives.load().await?)?;
    primitives.reached(Step::Reread).await?;
    if let Some(stamp) = meta.wipe {
        primitives.reached(Step::Wiping).await?;
        primitives.wipe(stamp, &lease).await?;
    }
    if let Some(pending) = &meta.pending {
        match read_log(primitives, pending).await {
            Ok(changes) => primitives.apply(&changes, pending.stamp, &lease).await?,
            // A later owner may have finished and removed it.
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                check_ours(task, fence, primitives.load().await?)?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        primitives.reached(Step::Finished).await?;
    }
    Ok(meta)
}

async fn raise(task: &TaskId, owner: OwnerId, primitives: &dyn RedoTask) -> Result<Fence> {
    let mut stored = primitives.load().await?;
    for _ in 0..RIVALS {
        // Our own earlier attempt is sent again, too: a read alone may show what is never acknowledged.
        let fence = match stored.as_ref().map(|meta| meta.fence) {
            Some(fence) if fence.owner == owner => fence,
            fence => Fence::new(fence.map_or(0, |fence| fence.epoch) + 1, owner),
        };
        match primitives.swap(&MetaChange::Claim { fence }).await? {
            Swap::Applied => return Ok(fence),
            Swap::Refused(Some(now)) if now.fence == fence => return Ok(fence),
            Swap::Refused(now) => stored = now,
        }
    }
    let message = format!("task {task} is claimed by others again and again: try later");
    Err(Error::new(ErrorKind::Throttled, message))
}

/// The changes of a decided commit.
pub(super) async fn read_log(primitives: &dyn RedoTask, pending: &Pending) -> Result<Changes> {
    let bytes = match &pending.body {
        Body::Inline(bytes) => bytes.clone(),
        Body::Chunks { count, checksum } => {
            log::join(pending.log, primitives.read_chunks(pending.log, *count).await?, *checksum)?
        }
    };
    log::decode(bytes)
}

pub(super) fn next_stamp(config: &RedoConfig, stamp_hi: i64) -> i64 {
    config.clock.wall_micros().max(stamp_hi.saturating_add(1))
}

pub(super) fn lease(config: &RedoConfig) -> Lease {
    Lease::start(config.clock.clone(), config.max_apply_age)
}

pub(super) fn fenced(task: &TaskId) -> Error {
    Error::new(ErrorKind::Fenced, format!("task {task} was claimed by a later owner: give it up"))
}
