//! State stores in one SQLite file.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("state.db");
//! use std::sync::Arc;
//!
//! use sqlite_backend::{SqliteBackend, SqliteConfig};
//! use store_core::{Database, EngineConfig, prelude::*};
//!
//! static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
//!
//! let backend = SqliteBackend::open(path, SqliteConfig::default()).await?;
//! let database = Database::with(Arc::new(backend), EngineConfig::default())?;
//! let task = database.task("word-count", 0).store(&COUNTS).open().await?;
//! task.store(&COUNTS)?.put(&"word".to_owned(), &1).await?;
//! task.commit([("words.txt", 5)]).await?;
//! # store_core::Result::<()>::Ok(())
//! # }).unwrap();
//! ```

mod backend;
mod config;
mod error;
mod file;
mod layout;
mod reader;
mod writer;

pub use self::{backend::SqliteBackend, config::SqliteConfig};
