//! Crash and take-over: workers are killed, owners duel, servers and lines fail; what is left is compared with a model.
//!
//! How to run it, and how to add a site: `docs/crash-tests.md`.

mod container_site;
mod contents;
mod cycles;
mod ledger;
mod model;
mod process;
mod proxy;
mod record;
mod redis_site;
mod report;
mod round;
mod run;
mod site;
mod steps;
mod stores;
mod tally;
mod work;
mod worker;

pub use self::{
    container_site::ContainerSite,
    ledger::Violation,
    proxy::{Loss, Proxy},
    record::mix,
    redis_site::RedisSite,
    report::Report,
    run::{Options, run},
    site::{EmbeddedSite, Server, Site},
    steps::{Fault, STEPS},
    tally::{Failure, Kind, Row, Tally},
    work::Work,
    worker::work,
};
