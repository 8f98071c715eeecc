//! Every backend against the same cases: what the test binaries share.

pub mod crash;
mod place;
mod redis_server;
mod trials;

pub use self::{
    place::{Place, Sort},
    redis_server::RedisServer,
    trials::{Case, block_on, run, run_on_all},
};
