//! State stores for stream processing: traits, codecs, engine and the in-memory backend.
//!
//! The folders are layers, each knowing only those before it: [`backend`] (what an adapter implements), [`codec`],
//! `engine` (buffers, merged reads, commit), `maps` (what kinds are built on), [`stores`] (the kinds); beside them
//! [`memory`] (the in-memory backend), [`layers`] (metrics, retry and faults around any backend) and [`redo`] (the redo-log
//! protocol). A
//! [`Database`] opens [`Task`]s, a task its stores.

mod address;
pub mod backend;
pub mod codec;
mod database;
mod engine;
mod error;
mod event_time;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod layers;
mod maps;
pub mod memory;
mod merge;
mod paging;
pub mod prelude;
pub mod redo;
mod sabotage;
mod secret;
pub mod seen;
pub mod settings;
pub mod stores;
mod task;

pub use self::{
    address::{Address, UrlForm},
    backend::{Order, search},
    database::{Database, ReadTask, TaskBuilder},
    engine::{
        EngineConfig, MAX_SOURCE_BYTES, Offsets, PORTABLE_KEY_BYTES, PORTABLE_VALUE_BYTES, Span,
        Unit,
    },
    error::{Effect, Error, ErrorKind, Result},
    event_time::{Live, MAX_LIVE_SEGMENTS, Retention, Timeline, Written},
    maps::{KeyLock, Maps, ReadDefinition, ReadMaps, StoreDefinition, Writes},
    secret::Secret,
    stores::{
        key_value::KeyValue, session::Session, timestamped::TimestampedKeyValue,
        versioned::VersionedKeyValue, window::Window,
    },
    task::Task,
};
