//! State stores in Redis: a seed that proves the design.
//!
//! One script per commit checks the fence and the sequence number, applies the writes of all stores and stores the
//! checkpoint. A map is a hash with a sorted set as its index, all keys of a task share one hash tag.
//!
//! Not here yet: commits above [`MAX_COMMIT_ENTRIES`] entries or [`MAX_COMMIT_BYTES`] bytes (`TooLarge`), Redis
//! Cluster, TLS, the check of permissions and eviction policies, waiting for replicas. A user who may not run every command
//! of the scripts can leave half a commit behind: give it `+@hash +@sortedset +@set +@scripting +unlink +type`. What a commit survives is what the server's
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
