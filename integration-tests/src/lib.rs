//! Every backend against the same cases: what the test binaries share.

mod certificates;
pub mod crash;
mod killable;
mod place;
mod redis_server;
mod remote;
pub mod servers;
mod sessions;
mod trials;
mod zombie;

pub use self::{
    certificates::Certificates,
    killable::{KillableEmbedded, KillableRedis},
    place::{Place, Sort},
    redis_server::RedisServer,
    remote::serve_if_asked,
    trials::{
        ALL_TURNS, Case, ClusterCase, Servers, all_succeed, block_on, run, run_on_all,
        run_on_cluster, run_with_servers, turns,
    },
    zombie::{an_hour_ahead, zombie_loses},
};
