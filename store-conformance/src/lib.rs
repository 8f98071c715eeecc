//! The suite that every backend is held to, for anybody's backend.
//!
//! A backend's author says how to make a place for state and how to open it again, and gets every case as a named test:
//!
//! ```no_run
//! use std::{process::ExitCode, sync::Arc};
//!
//! use store_conformance::{Place, anyhow::Result, async_trait};
//! use store_core::{backend::Backend, memory::MemoryBackend};
//!
//! struct Memory(MemoryBackend);
//!
//! #[async_trait]
//! impl Place for Memory {
//!     async fn open(&self) -> Result<Arc<dyn Backend>> {
//!         Ok(Arc::new(self.0.clone()))
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     store_conformance::main("memory", || async { Ok(Memory(MemoryBackend::new())) })
//! }
//! ```
//!
//! It stands in a test with `harness = false`. `cargo test --test conformance -- KV-` runs a part of it, `SEED=7` puts the
//! cases in another order and draws other random operations, `SEEDS=1,2` runs all of them for each of these seeds and fails
//! where a case does not come to the same, `CASES=1000` draws more of them (`RN-`), and
//! `CONFORMANCE_REPORT=reports` names a folder that gets a report for each backend, which [`render`] makes pages of. A case
//! that does not apply is listed as ignored, with its reason.
//!
//! The suite is itself tested: some 200 stores with one fault each (`tests/broken`, `tests/broken_engine`) must be caught by
//! a case.

mod cases;
mod catalogue;
mod context;
mod judge;
pub mod render;
mod report;
mod runner;
pub mod search;
mod subject;
pub mod waist;

pub use anyhow;
pub use async_trait::async_trait;

pub use self::{
    catalogue::{Duty, Entry, FAMILIES, KILLS, Outcome, Run, catalogue},
    context::Context,
    judge::{Judge, judge},
    report::{Abilities, Counts, Line, Report},
    runner::{main, run, run_some},
    subject::{Place, Subject, Wrapped},
};
