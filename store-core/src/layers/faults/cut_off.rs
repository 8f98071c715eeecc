//! A line that goes dead: the death of a process, at any of its awaits, inside one.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use super::{Answer, Call, Layer, take_turns};
use crate::Result;

/// A line whose calls never return from a certain one on. A cheap clone; clones are the same line.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::sync::Arc;
///
/// use store_core::{layers::CutOff, memory::MemoryBackend, prelude::*};
///
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?;
/// // Opening sends three calls: a read of what is recorded, which finds nothing, a claim, and then a commit acts.
/// let line = CutOff::after(5);
/// let work = async {
///     let task = database.clone().layer(line.clone()).task("app", 0).open().await?;
///     task.commit([("words.txt", 5)]).await
/// };
/// tokio::select! {
///     () = line.cut() => {}
///     done = work => panic!("{done:?}"),
/// }
/// let task = database.task("app", 0).open().await?;
/// assert_eq!(task.checkpoint()?.sequence, 1, "it was committed, and nobody learned");
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct CutOff(Arc<Line>);

#[derive(Debug)]
struct Line {
    /// Half calls left: an odd rest cuts off after the inner call has acted, an even one before.
    left: AtomicU64,
    cut: Notify,
}

impl CutOff {
    /// Cuts off after so many half calls: each call counts once before and once after it has acted.
    #[must_use]
    pub fn after(half_calls: u64) -> Self {
        Self(Arc::new(Line { left: AtomicU64::new(half_calls), cut: Notify::new() }))
    }

    /// A line that is never cut. On it, too, others get their turn around each call.
    #[must_use]
    pub fn never() -> Self {
        Self::after(u64::MAX)
    }

    /// Returns when the line is cut.
    pub async fn cut(&self) {
        self.0.cut.notified().await;
    }

    async fn step(&self) {
        let take = |left: u64| left.checked_sub(1);
        let left = self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if left.is_err() {
            self.0.cut.notify_one();
            pending::<()>().await;
        }
        // So that concurrent operations interleave on backends that answer at once, too.
        take_turns(1).await;
    }
}

impl Layer for CutOff {
    async fn call<T, F>(&self, _call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        self.step().await;
        let answer = send().await;
        self.step().await;
        answer
    }
}
