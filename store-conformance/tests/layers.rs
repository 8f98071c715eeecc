//! The in-memory backend within layers: each, and all together, pass as the backend itself does.

use std::{
    env,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use store_conformance::{Place, Subject, anyhow::Result, async_trait};
use store_core::{
    backend::Backend,
    layers::{Faults, Layered, Metrics, Odds, Retry, RetryConfig},
    memory::MemoryBackend,
};

/// A call in ten meets a fault; ten attempts in a row fail once in ten thousand million calls.
const FAULTS: f64 = 0.1 / 3.0;

struct Memory(MemoryBackend);

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(self.0.clone()))
    }
}

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
    let memory = Subject::new("memory", || async { Ok(Memory(MemoryBackend::new())) });
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
