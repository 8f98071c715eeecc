//! How far away a backend is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_io::Timer;
use store::{
    Result,
    layers::{Answer, Call, Layer},
};

/// What each call costs: a time, and so much more for each byte that is sent or received. Clones share it.
///
/// Around a backend it makes each call take that much longer; calls in flight at the same time overlap, as on one connection
/// of a client that pipelines. `apply` and `close` make no request of their own in the backends there are, and are not
/// delayed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latency(Arc<Cost>);

#[derive(Debug, Default)]
struct Cost {
    call_ns: AtomicU64,
    mebibyte_ns: AtomicU64,
}

impl Latency {
    /// Sets what a call and what a mebibyte costs from now on.
    pub(crate) fn set(&self, call: Duration, mebibyte: Duration) {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.call_ns.store(nanoseconds(call), Ordering::Relaxed);
        self.0.mebibyte_ns.store(nanoseconds(mebibyte), Ordering::Relaxed);
    }

    /// Waits as long as a call with so many bytes is on its way.
    pub(crate) async fn wait(&self, bytes: usize) {
        self.pause(self.0.call_ns.load(Ordering::Relaxed), bytes).await;
    }

    /// Waits for what bytes of an answer cost beside the call.
    async fn wait_for_answer(&self, bytes: usize) {
        self.pause(0, bytes).await;
    }

    /// The timer is one of microseconds: those of common runtimes round up to milliseconds.
    async fn pause(&self, call_ns: u64, bytes: usize) {
        let mebibyte = self.0.mebibyte_ns.load(Ordering::Relaxed);
        let bytes = (u128::from(mebibyte) * bytes as u128) >> 20;
        let time = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(call_ns);
        if time > 0 {
            Timer::after(Duration::from_nanos(time)).await;
        }
    }
}

impl Layer for Latency {
    async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        if matches!(call, Call::Apply | Call::Close) {
            return send().await;
        }
        self.wait(call.size().bytes).await;
        let answer = send().await?;
        self.wait_for_answer(answer.size().bytes).await;
        Ok(answer)
    }
}
