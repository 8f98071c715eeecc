//! Owners: they process what is left of the records, with all that can go wrong.

use std::{future::poll_fn, pin::pin, task::Poll};

use futures::future::{Either, join, select};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use store_core::{Database, Task, prelude::*};

use super::{
    shared::Shared,
    stores::{DATA, Segmented, Stores},
};

/// How an owner goes on after an error.
enum After {
    /// It may go on from this record.
    GoOn(usize),
    /// It opens the task again, or ends.
    Reopen,
    /// Somebody else has the task.
    Fenced,
}

/// Opens the task and processes what is left of the records.
pub async fn owner(shared: &Shared, database: Database, seed: u64) {
    let mut random = SmallRng::seed_from_u64(seed);
    for _ in 0..3 {
        let opened = database.task("app", 0).store(&DATA).store(&Segmented).open().await;
        let Ok(task) = opened.inspect_err(|error| shared.judge(error)) else { continue };
        let mut owner = Owner {
            shared,
            stores: Stores::of(&task),
            task,
            random: SmallRng::from_rng(&mut random),
        };
        match owner.work().await {
            Ok(()) => return,
            Err(After::Fenced) => {
                shared.tally.borrow_mut().fenced += 1;
                return;
            }
            Err(_) => {}
        }
    }
}

/// The record that comes next after what is committed.
pub fn committed(task: &Task) -> usize {
    let checkpoint = task.checkpoint().unwrap_or_default();
    usize::try_from(checkpoint.offsets.get("s").copied().unwrap_or(0)).unwrap()
}

/// Polls a future so many times at most, then drops it.
async fn cut<T>(future: impl Future<Output = T>, mut polls: u32) -> Option<T> {
    let end = poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    });
    match select(pin!(future), pin!(end)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

struct Owner<'a> {
    shared: &'a Shared,
    task: Task,
    stores: Stores,
    random: SmallRng,
}

impl Owner<'_> {
    /// Processes records until all of them are committed.
    async fn work(&mut self) -> Result<(), After> {
        let all = self.shared.records.len();
        let mut next = committed(&self.task);
        loop {
            match self.process(next).await {
                // Only what is committed counts: what was processed ahead is thrown away and processed again.
                Ok(()) => next = committed(&self.task),
                Err(After::GoOn(from)) => next = from,
                Err(end) => return Err(end),
            }
            if next == all {
                return Ok(());
            }
        }
    }

    /// Processes the records from `next` on, up to and including a commit, and rolls back what came after that.
    async fn process(&mut self, mut next: usize) -> Result<(), After> {
        loop {
            let last = next == self.shared.records.len();
            if last || self.random.random_ratio(1, 2) {
                let ahead = !last && self.random.random_ratio(1, 2);
                let committed = if ahead {
                    self.commit_and_process(next).await
                } else {
                    self.commit(next).await
                };
                if let Err(error) = committed {
                    return Err(self.after(&error).await);
                }
                return self.roll_back().await;
            }
            if let Err(error) = self.stores.process(&self.shared.records, next).await {
                return Err(self.after(&error).await);
            }
            next += 1;
        }
    }

    fn offsets(next: usize) -> [(&'static str, i64); 1] {
        [("s", i64::try_from(next).unwrap())]
    }

    /// Commits, and meanwhile processes the next record.
    async fn commit_and_process(&self, next: usize) -> Result<()> {
        let commit = self.task.commit(Self::offsets(next));
        let (committed, ahead) =
            join(commit, self.stores.process(&self.shared.records, next)).await;
        committed.and(ahead)
    }

    /// Commits; after an error, or a call cut short, now and then the same again.
    async fn commit(&mut self, next: usize) -> Result<()> {
        loop {
            let most =
                if self.random.random_ratio(1, 8) { self.random.random_range(1..12) } else { 500 };
            match cut(self.task.commit(Self::offsets(next)), most).await {
                Some(Err(error)) if self.random.random_ratio(1, 2) => return Err(error),
                Some(Err(_)) => self.shared.tally.borrow_mut().sent_again += 1,
                Some(Ok(())) => return Ok(()),
                None => {
                    self.shared.tally.borrow_mut().cut_short += 1;
                    if self.random.random_ratio(1, 2) {
                        // The rollback that follows settles it.
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn after(&mut self, error: &Error) -> After {
        self.shared.judge(error);
        if error.kind() == ErrorKind::Fenced {
            return After::Fenced;
        }
        if self.random.random_ratio(1, 4) {
            return After::Reopen;
        }
        for _ in 0..4 {
            match self.roll_back().await {
                Ok(()) => return After::GoOn(committed(&self.task)),
                Err(After::Fenced) => return After::Fenced,
                Err(_) => {}
            }
        }
        After::Reopen
    }

    async fn roll_back(&self) -> Result<(), After> {
        match self.task.rollback().await {
            Ok(()) => {
                self.shared.tally.borrow_mut().rolled_back += 1;
                Ok(())
            }
            Err(error) => {
                self.shared.judge(&error);
                Err(if error.kind() == ErrorKind::Fenced { After::Fenced } else { After::Reopen })
            }
        }
    }
}

/// Claims at the end, processes what is left, and checks the whole state.
pub async fn last_owner(shared: &Shared, database: Database) {
    if let Err(error) = finish_work(shared, database).await {
        shared.violated(format!("the last owner: {error}"));
    }
}

async fn finish_work(shared: &Shared, database: Database) -> Result<()> {
    let task = database.task("app", 0).store(&DATA).store(&Segmented).open().await?;
    let stores = Stores::of(&task);
    let all = shared.records.len();
    for number in committed(&task)..all {
        stores.process(&shared.records, number).await?;
    }
    task.commit(Owner::offsets(all)).await?;
    shared.check_all(&stores, all).await
}
