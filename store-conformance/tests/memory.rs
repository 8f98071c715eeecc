//! The in-memory backend.

use std::{process::ExitCode, sync::Arc};

use store_conformance::{Place, anyhow::Result, async_trait};
use store_core::{backend::Backend, memory::MemoryBackend};

struct Memory(MemoryBackend);

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(self.0.clone()))
    }
}

fn main() -> ExitCode {
    store_conformance::main("memory", || async { Ok(Memory(MemoryBackend::new())) })
}
