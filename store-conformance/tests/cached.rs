//! The suite on a backend that is not local, with caches of several sizes: the cache changes nothing but speed.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::sync::Arc;

use store_conformance::{Place, Subject, anyhow::Result, async_trait, judge};
use store_core::{
    backend::Backend,
    layers::{Faults, Layered},
    memory::MemoryBackend,
};

struct Distant(MemoryBackend);

#[async_trait]
impl Place for Distant {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        // A line without faults hides that what is behind it is in this process.
        Ok(Arc::new(Layered::new(Arc::new(self.0.clone()), Faults::none())))
    }
}

fn works_with(cache_bytes: usize) {
    let fresh = || async { Ok(Distant(MemoryBackend::new())) };
    let subject = Subject::new("distant memory", fresh).with_cache_bytes(cache_bytes);
    let report = judge(&subject, 0);
    let failed: Vec<_> = report.failed().collect();
    assert!(failed.is_empty(), "with {cache_bytes} bytes of cache:\n{}", failed.join("\n"));
}

#[test]
fn without_a_cache() {
    works_with(0);
}

#[test]
fn with_a_cache_of_a_few_entries() {
    works_with(1000);
}

#[test]
fn with_a_large_cache() {
    works_with(64 << 20);
}
