//! What can go wrong between an engine and its backend, put in front of any backend.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use std::sync::Arc;
//!
//! use store_conformance::faults::{Fault, Faulty};
//! use store_core::{Effect, memory::MemoryBackend, prelude::*};
//!
//! let faulty = Faulty::new(Arc::new(MemoryBackend::new()));
//! let database = Database::with(Arc::new(faulty.clone()), Default::default())?;
//! let task = database.task("app", 0).open().await?;
//! faulty.commits([Fault::LostReply]);
//! assert_eq!(task.commit(()).await.unwrap_err().effect(), Effect::Unknown);
//! task.commit(()).await?;
//! assert_eq!(task.checkpoint()?.sequence, 1);
//! # store_core::Result::<()>::Ok(())
//! # }).unwrap();
//! ```

mod cut_off;
mod faulty;
mod script;

pub use self::{
    cut_off::CutOff,
    faulty::Faulty,
    script::{Calls, Fault},
};
