//! Layers: what is put around any backend, between it and the engine.
//!
//! A [`Layer`] sees every call of the waist with a way to send it on; [`Layered`] forwards the calls of a backend, its
//! readers and its writers through one. [`Database::layer`](crate::Database::layer) wraps the backend of a database; the
//! layer that is added last is the outermost.
//!
//! | layer | what it does |
//! | --- | --- |
//! | [`Metrics`] | counts and measures calls, through the `metrics` facade |
//! | [`Retry`] | sends again what failed and may be sent again, with pauses, within a budget of time |
//! | [`Faults`] | refuses, loses, delays and holds calls, by script or by seed; for tests |
//! | [`CutOff`] | stops answering after a number of calls; for tests |
//!
//! ```
//! # tokio_test::block_on(async {
//! use std::sync::Arc;
//!
//! use store_core::{layers::{Metrics, Retry, RetryConfig}, memory::MemoryBackend, prelude::*};
//!
//! let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?
//!     .layer(Retry::new(RetryConfig::default(), tokio::time::sleep)?)
//!     .layer(Metrics::new());
//! let task = database.task("word-count", 0).open().await?;
//! task.commit([("words.txt", 5)]).await?;
//! # store_core::Result::<()>::Ok(())
//! # }).unwrap();
//! ```
//!
//! A layer sees every read, and so a backend within one is not [local](crate::backend::TaskReader::local): the engine caches
//! what it gives, and gathers reads that miss.
//!
//! Outside of [`Retry`], [`Metrics`] sees what the engine sees: one call however often it was sent. Inside, it sees each
//! attempt. Both may be had: [`Metrics::with_label`] tells them apart.

mod answer;
mod call;
mod faults;
mod layered;
mod metrics;
mod retry;
mod turns;

use std::fmt::Debug;

pub use self::{
    answer::{Answer, Size},
    call::{Call, CallKind},
    faults::{CutOff, Fault, Faults, Odds},
    layered::Layered,
    metrics::Metrics,
    retry::{Retry, RetryConfig},
};
use crate::Result;

/// Stands around every call of a backend. A cheap clone; clones are the same layer.
///
/// ```
/// use store_core::{Result, layers::{Answer, Call, Layer}};
///
/// /// Writes down what fails.
/// #[derive(Clone, Debug)]
/// struct Log;
///
/// impl Layer for Log {
///     async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
///     where
///         T: Answer,
///         F: Future<Output = Result<T>> + Send,
///     {
///         let answer = send().await;
///         if let Err(error) = &answer {
///             println!("{}: {error}", call.kind().name());
///         }
///         answer
///     }
/// }
/// ```
pub trait Layer: Clone + Debug + Send + Sync + 'static {
    /// Answers a call: `send` sends it to the backend below, each time it is called.
    ///
    /// - What may be sent again is for the layer to know; the waist says it, method by method.
    /// - The future may be dropped at any time.
    fn call<T, F>(
        &self,
        call: Call<'_>,
        send: impl Fn() -> F + Send + Sync,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send;
}
