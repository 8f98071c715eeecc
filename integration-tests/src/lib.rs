//! Every backend against the same cases: what the test binaries share.

mod certificates;
pub mod crash;
mod place;
mod redis_server;
pub mod servers;
mod trials;

pub use self::{
    certificates::Certificates,
    place::{Place, Sort},
    redis_server::RedisServer,
    trials::{Case, block_on, run, run_on_all, run_with_redis},
};
