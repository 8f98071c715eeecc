//! State stores in Redis: a seed that proves the design.
//!
//! One script per commit checks the fence and the sequence number, applies the writes of all stores and stores the
//! checkpoint. A map is a hash with a sorted set as its index, all keys of a task share one hash tag.
//!
//! Not here yet: commits above [`MAX_COMMIT_ENTRIES`] entries or [`MAX_COMMIT_BYTES`] bytes (`TooLarge`), Redis
//! Cluster, TLS, the check of eviction policies, waiting for replicas. What a commit survives is what the server's
//! persistence promises.

mod backend;
mod config;
mod error;
mod layout;
mod reader;
mod script;
mod writer;

pub use self::{
    backend::RedisBackend,
    config::RedisConfig,
    writer::{MAX_COMMIT_BYTES, MAX_COMMIT_ENTRIES},
};
