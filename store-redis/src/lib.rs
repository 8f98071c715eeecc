//! State stores in Redis, Valkey and Redis Cluster.
//!
//! One script per commit checks the fence and the sequence number, applies the writes of all stores and stores the
//! checkpoint; a commit too large for one script is staged in chunks, decided by one script, and applied chunk by chunk.
//! A map is a hash with a sorted set as its index, and all keys of a task share one hash tag. The page `docs/redis.md` has
//! URLs, settings, rights, limits and the layout.

mod address;
mod backend;
mod check;
mod chunk;
mod config;
mod connect;
mod durability;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod layout;
mod link;
mod reader;
mod script;
mod step;
mod unapplied;
mod writer;

pub use self::{
    backend::RedisBackend,
    config::{RedisConfig, RedisDurability},
    step::STEPS,
};
