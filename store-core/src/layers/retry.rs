//! Sends again what failed and may be sent again.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::{Answer, Call, CallKind, Layer};
use crate::{Effect, Error, ErrorKind, Result};

/// How long, and how often, a failed call is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetryConfig {
    /// Milliseconds after the first attempt within which another one may begin; 0 sends each call once. Defaults to 10 s.
    pub retry_budget_ms: u64,
    /// The longest pause before the second attempt, in milliseconds; it doubles each time. Defaults to 10.
    pub retry_first_pause_ms: u64,
    /// The longest pause there is, in milliseconds. Defaults to 1000.
    pub retry_longest_pause_ms: u64,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { retry_budget_ms: 10_000, retry_first_pause_ms: 10, retry_longest_pause_ms: 1000 }
    }
}

impl RetryConfig {
    fn check(&self) -> Result<()> {
        if (1..=self.retry_longest_pause_ms).contains(&self.retry_first_pause_ms) {
            return Ok(());
        }
        let message = format!(
            "retry_first_pause_ms is {} and must be between 1 and retry_longest_pause_ms, {}",
            self.retry_first_pause_ms, self.retry_longest_pause_ms
        );
        Err(Error::new(ErrorKind::Config, message))
    }

    /// The longest pause after so many attempts.
    fn pause(&self, attempts: u32) -> Duration {
        let doubled = 1_u64.checked_shl(attempts - 1).unwrap_or(u64::MAX);
        let pause = self.retry_first_pause_ms.saturating_mul(doubled);
        Duration::from_millis(pause.min(self.retry_longest_pause_ms))
    }
}

/// Sends a call again that failed with an error that [is retryable](Error::is_retryable), after a random pause that may be
/// twice as long each time, as long as the budget lasts.
///
/// - Reads are repeated as they are. A claim is repeated for the same owner, before any commit was sent for it. A commit
///   is sent again with the same bytes; a number that was decided is decided once. Apply, close and destroy may be
///   repeated. This is what the waist allows, method by method, and all there is in it.
/// - Where an attempt may have taken effect, and no later one succeeded, the error has the effect
///   [`Unknown`](Effect::Unknown), whatever the last attempt says of itself. A read has none.
/// - A destroy asks first whether the task is there. So an attempt that finds it gone, after one of unknown outcome, is `Ok`.
/// - The message of an error says how many attempts there were; the kind and the source are those of the last one.
/// - A call in flight is never cut: how long one may take is the adapter's setting. The budget is asked between attempts.
///
/// The pause is the caller's: `tokio::time::sleep`, or that of another runtime, because this crate needs none.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::sync::Arc;
///
/// use store_core::{
///     layers::{CallKind, Fault, Faults, Retry, RetryConfig}, memory::MemoryBackend, prelude::*,
/// };
///
/// let line = Faults::none();
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?
///     .layer(line.clone())
///     .layer(Retry::new(RetryConfig::default(), tokio::time::sleep)?);
/// let task = database.task("app", 0).open().await?;
/// line.on(&[CallKind::Commit], [Fault::LostRequest, Fault::LostReply]);
/// task.commit([("words.txt", 5)]).await?;
/// assert_eq!((task.checkpoint()?.sequence, line.calls(CallKind::Commit)), (1, 3));
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Retry(Arc<Inner>);

struct Inner {
    config: RetryConfig,
    sleep: Box<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>,
    random: Mutex<StdRng>,
}

impl Retry {
    /// Repeats calls after pauses that `sleep` makes. `Config` for settings that contradict each other.
    pub fn new<F>(
        config: RetryConfig,
        sleep: impl Fn(Duration) -> F + Send + Sync + 'static,
    ) -> Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        config.check()?;
        let sleep = Box::new(move |pause| -> BoxFuture<'static, ()> { Box::pin(sleep(pause)) });
        let random = Mutex::new(StdRng::from_os_rng());
        Ok(Self(Arc::new(Inner { config, sleep, random })))
    }

    /// Anything up to the longest pause, so that callers that failed together do not come again together.
    fn pause(&self, attempts: u32) -> Duration {
        let longest = self.0.config.pause(attempts);
        let mut random = self.0.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.random_range(Duration::ZERO..=longest)
    }

    /// Sends until it succeeds, an error is final, or the budget is used up.
    async fn repeat<T, F>(&self, call: CallKind, send: impl Fn(Tried) -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let budget = Duration::from_millis(self.0.config.retry_budget_ms);
        let (start, mut paused) = (Instant::now(), Duration::ZERO);
        let mut tried = Tried::default();
        loop {
            let error = match send(tried).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tried.attempts += 1;
            let pause = self.pause(tried.attempts);
            // The pauses count also where the caller's clock is not the machine's.
            let elapsed = start.elapsed().max(paused);
            if !error.is_retryable() || elapsed + pause > budget {
                return Err(tried.told(call, error));
            }
            tried.unknown |= !call.only_reads() && error.effect() != Effect::NotApplied;
            tracing::debug!(call = call.name(), attempts = tried.attempts, %error, ?pause, "retry");
            (self.0.sleep)(pause).await;
            paused += pause;
        }
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// What became of the attempts so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    attempts: u32,
    /// One of them may have taken effect.
    unknown: bool,
}

impl Tried {
    fn told(self, call: CallKind, error: Error) -> Error {
        if self.attempts < 2 {
            return error;
        }
        let unknown = self.unknown && error.effect() == Effect::NotApplied;
        let error = error.context(format_args!("{}, attempt {}", call.name(), self.attempts));
        if unknown { error.with_effect(Effect::Unknown) } else { error }
    }
}

impl Layer for Retry {
    async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        let Call::Destroy { task, below } = call else {
            return self.repeat(call.kind(), |_| send()).await;
        };
        // Only who knows that it was there can tell "it is gone by now" from "it never was".
        let there = match self.repeat(CallKind::Read, |_| below.read(task)).await {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(error.with_effect(Effect::NotApplied)),
        };
        let destroyed = |error: &Error| there && error.kind() == ErrorKind::NotFound;
        let send = |tried: Tried| {
            let answer = send();
            async move {
                match answer.await {
                    Err(error) if tried.unknown && destroyed(&error) => T::done().ok_or(error),
                    answer => answer,
                }
            }
        };
        self.repeat(CallKind::Destroy, send).await
    }
}
