//! State stores on local disk: the durable default that needs no server.
//!
//! One directory holds the tasks of any number of applications, for one process at a time. A commit and its checkpoint
//! are one atomic batch in the journal, synced before it is acknowledged. Reads run inline; claims and commits run on
//! a blocking thread of the tokio runtime they are called from.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("state");
//! use store_embedded::{EmbeddedBackend, EmbeddedConfig};
//!
//! let backend = EmbeddedBackend::open(path, EmbeddedConfig::default()).await?;
//! # let _ = backend;
//! # Ok::<_, store_core::Error>(())
//! # }).unwrap();
//! ```

mod acknowledged;
mod backend;
mod config;
mod directory;
mod engine;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handles;
mod layout;
mod pressure;
mod reader;
mod shared;
mod step;
mod tasks;
mod view;
mod writer;

pub use self::{
    backend::EmbeddedBackend,
    config::{Durability, EmbeddedConfig},
    step::STEPS,
};
