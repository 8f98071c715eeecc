//! The in-memory backend within layers: each, and all together, pass as the backend itself does.

#[path = "common/memory.rs"]
mod memory;

use std::{
    env,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use store_core::layers::{Faults, Layered, Metrics, Odds, Retry, RetryConfig};

/// A call in ten meets a fault; ten attempts in a row fail once in ten thousand million calls.
const FAULTS: f64 = 0.1 / 3.0;

/// Pauses short enough for thousands of faults, and a budget that no machine is too slow for.
fn retry() -> Retry {
    let mut config = RetryConfig::default();
    (config.retry_first_pause_ms, config.retry_longest_pause_ms) = (1, 20);
    config.retry_budget_ms = 100_000;
    Retry::new(config, tokio::time::sleep).expect("legal settings")
}

/// Lines of their own for each handle, all from one seed.
fn lines() -> impl Fn(Odds) -> Faults {
    let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let next = AtomicU64::new(seed << 32);
    move |odds| Faults::seeded(next.fetch_add(1, Ordering::Relaxed), odds)
}

fn main() -> ExitCode {
    let memory = memory::memory("memory");
    let (delayed, faulty) = (lines(), lines());
    store_conformance::run(&[
        memory.wrapped("metrics", |inner| Arc::new(Layered::new(inner, Metrics::new()))),
        memory.wrapped("retry", |inner| Arc::new(Layered::new(inner, retry()))),
        memory.wrapped("delays", move |inner| {
            Arc::new(Layered::new(inner, delayed(Odds::delays(3))))
        }),
        memory.wrapped("faults, retry and metrics", move |inner| {
            let inner = Arc::new(Layered::new(inner, faulty(Odds::each(FAULTS))));
            let inner = Arc::new(Layered::new(inner, retry()));
            Arc::new(Layered::new(inner, Metrics::new()))
        }),
    ])
}
