//! The in-memory backend as a subject.

use std::sync::Arc;

use store_conformance::{Place, Subject, anyhow, async_trait};
use store_core::{backend::Backend, memory::MemoryBackend};

struct Memory(MemoryBackend);

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> anyhow::Result<Arc<dyn Backend>> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// The in-memory backend under this name.
pub(crate) fn memory(name: &str) -> Subject {
    Subject::new(name, || async { Ok(Memory(MemoryBackend::new())) })
}
