//! The suite is tested: each store with one fault must fail a case.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod altered;
mod fault;
mod faults;
#[path = "../common/recorded.rs"]
mod recorded;
mod store;

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::Arguments;
use recorded::Held;
use store_conformance::{Place, Subject, anyhow, async_trait};
use store_core::{
    backend::{Backend, MapId},
    memory::MemoryBackend,
};

/// Which value of which map.
type Key = (MapId, bytes::Bytes);

const HELD: Held = Held {
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken/caught.json"),
    not_yet: &[],
    elsewhere: false,
};

struct Memory(MemoryBackend);

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> anyhow::Result<Arc<dyn Backend>> {
        Ok(Arc::new(self.0.clone()))
    }
}

fn main() -> ExitCode {
    let memory = Subject::new("memory", || async { Ok(Memory(MemoryBackend::new())) });
    let broken = faults::all().into_iter().map(|broken| broken.within(&memory)).collect();
    recorded::run(&HELD, broken, |_, _| (), &Arguments::from_args())
}
