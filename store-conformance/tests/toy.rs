//! The toy redo backend.

use std::{process::ExitCode, sync::Arc};

use store_conformance::{Place, anyhow::Result, async_trait};
use store_core::{backend::Backend, redo::toy::ToyBackend};

struct Toy(ToyBackend);

#[async_trait]
impl Place for Toy {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(self.0.clone()))
    }
}

fn main() -> ExitCode {
    store_conformance::main("toy", || async { Ok(Toy(ToyBackend::new())) })
}
