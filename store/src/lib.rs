//! State stores for stream processing, in the database you already run.
//!
//! One URL chooses where the state is kept; the program stays the same.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use store::prelude::*;
//!
//! static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
//!
//! let database = store::connect("memory:").await?;
//! let task = database.task("word-count", 0).store(&COUNTS).open().await?;
//! let counts = task.store(&COUNTS)?;
//! counts.update(&"word".to_owned(), |n| Some(n.unwrap_or(0) + 1)).await?;
//! task.commit([("words.txt", 5)]).await?;
//! assert_eq!(task.checkpoint()?.offsets["words.txt"], 5);
//! # Ok::<_, Error>(())
//! # }).unwrap();
//! ```
//!
//! # URLs
//!
//! | scheme | example |
//! | --- | --- |
//! | `memory:` | `memory:` |
//! | `embedded:PATH` (feature `embedded`, on by default) | `embedded:./state?cache_bytes=67108864&page_entries=500` |
//!
//! `%XX` stands for a byte of a path. Parameters are the settings of the engine ([`EngineConfig`]) and of the backend;
//! an unknown one is refused with the nearest known one. See [`Config`] for files and the environment.

mod config;
mod connect;
mod parameters;
mod url;

pub use store_core::*;
#[cfg(feature = "embedded")]
pub use store_embedded::{Durability, EmbeddedBackend, EmbeddedConfig};

pub use self::{
    config::Config,
    connect::connect,
    url::{Scheme, StoreUrl},
};
