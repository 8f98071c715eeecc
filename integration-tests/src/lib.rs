//! Every backend against the same cases: what the test binaries share.

mod cut_off;
mod place;
mod redis_server;
mod trials;

pub use self::{
    cut_off::CutOff,
    place::{Place, Sort},
    redis_server::RedisServer,
    trials::{Case, block_on, run, run_on_all},
};
