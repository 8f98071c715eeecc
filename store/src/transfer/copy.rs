//! From one backend to another.

use futures::{future::try_join, join};
use store_core::{
    Database, Result,
    backend::{PageLimit, TaskId},
};

use super::{
    MoveOptions, Moved, Outcome, Progress, Report, Step,
    batch::Source,
    read::{Claimed, Hashing},
    target::{Holds, Target},
};

/// Brings a task's state from one database into another, and claims it on both sides for that time.
///
/// The target is whole only when all of it was read again and has the same content. Stopped at any moment, also by a dropped
/// future, the source is as it was, and the target refuses to be opened; the same call then goes on behind what is there.
///
/// - `NotFound` for a task that the source does not have.
/// - `InvalidArgument` for a target that has other state, unless it is to be replaced.
/// - `Fenced` where a program claims the task on one side meanwhile.
/// - `TooLarge` for an entry above the target's limits, `Unsupported` for indexed fields.
/// - `Corrupt` where the target does not give back what was put into it.
pub async fn copy(
    from: &Database,
    to: &Database,
    task: &TaskId,
    options: &MoveOptions,
    report: Report<'_>,
) -> Result<Moved> {
    let source = Claimed::claim(from, task).await?;
    let mut target = Target::claim(to, task, &source.checkpoint).await?;
    // Before anything is removed: were both sides one place, the second claim would have fenced the first.
    source.check().await?;
    let moved = bring(&source, &mut target, task, options, report).await?;
    source.close().await?;
    target.close().await?;
    Ok(moved)
}

async fn bring(
    source: &Claimed,
    target: &mut Target,
    task: &TaskId,
    options: &MoveOptions,
    report: Report<'_>,
) -> Result<Moved> {
    let checkpoint = &source.checkpoint;
    let holds = target.holds(checkpoint);
    if holds == Holds::Whole {
        let (sent, here) = both(source, target, report).await?;
        if sent == here {
            return Ok(Moved::new(task, here, 0, Outcome::AlreadyThere));
        }
    }
    let part = target.make_room(holds, checkpoint, options.replace).await?;
    let before = target.entries();
    let total = Some(source.length().await?);
    let report_moving = |entries| report(Progress { task, step: Step::Moving, entries, total });
    let (sent, here) = if part {
        let mut rest = source.pages(target.last());
        pump(&mut rest, target, options.batch(), &report_moving).await?;
        both(source, target, report).await?
    } else {
        let mut all = Hashing::new(source.pages(None), task, checkpoint);
        pump(&mut all, target, options.batch(), &report_moving).await?;
        (all.finish(), target.content(report).await?)
    };
    source.check().await?;
    let written = target.entries() - before;
    target.finish(checkpoint, &sent, &here).await?;
    let outcome = if part { Outcome::Resumed } else { Outcome::Moved };
    Ok(Moved::new(task, here, written, outcome))
}

async fn both(
    source: &Claimed,
    target: &Target,
    report: Report<'_>,
) -> Result<(super::TaskContent, super::TaskContent)> {
    let silent = |_: Progress<'_>| {};
    try_join(source.content(Step::Checking, &silent), target.content(report)).await
}

/// Brings in what a source gives; the next batch is fetched while one is committed.
pub(super) async fn pump(
    source: &mut dyn Source,
    target: &mut Target,
    limit: PageLimit,
    report: &(dyn Fn(u64) + Sync),
) -> Result<()> {
    report(target.entries());
    let mut batch = source.next(limit).await?;
    while !batch.entries.is_empty() {
        // Not given up where the other fails: a commit that was sent is waited for.
        let (written, next) = join!(target.write(batch), source.next(limit));
        written?;
        report(target.entries());
        batch = next?;
    }
    Ok(())
}
