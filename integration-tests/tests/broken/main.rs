//! The suite is tested on a real server, too: each fault, put into a sound Redis, must fail a case.
//!
//! `BROKEN=all` does so on every server that the adapter is for.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "../../../store-conformance/tests/broken/altered.rs"]
mod altered;
#[path = "../../../store-conformance/tests/broken/fault.rs"]
mod fault;
#[path = "../../../store-conformance/tests/broken/faults/mod.rs"]
mod faults;
#[path = "../../../store-conformance/tests/common/recorded.rs"]
mod recorded;
#[path = "../../../store-conformance/tests/broken/store.rs"]
mod store;

use std::{env, process::ExitCode};

use anyhow::{Context, Result};
use integration_tests::{
    Place,
    servers::{RedisCluster, Server, ServerKind, redis_version},
};
use libtest_mimic::Arguments;
use recorded::Held;
use store_conformance::Subject;
use store_core::backend::MapId;

/// Which value of which map.
type Key = (MapId, bytes::Bytes);

const SERVERS: [ServerKind; 3] = [ServerKind::Redis7, ServerKind::Redis8, ServerKind::Valkey];

const HELD: Held = Held {
    file: concat!(env!("CARGO_MANIFEST_DIR"), "/../store-conformance/tests/broken/caught.json"),
    not_yet: &[],
    elsewhere: true,
};

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode> {
    let arguments = Arguments::from_args();
    let everywhere = env::var("BROKEN").is_ok_and(|which| which == "all");
    let mut all_held = true;
    for kind in if everywhere { &SERVERS[..] } else { &SERVERS[..1] } {
        let server = Server::start(*kind).context("the servers are needed")?;
        all_held &= held(&redis_version(server.url())?, server.url(), &arguments);
    }
    if everywhere {
        let cluster = RedisCluster::start(ServerKind::Redis7).context("the cluster is needed")?;
        all_held &= held("redis-cluster", cluster.url(), &arguments);
    }
    Ok(if all_held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn held(name: &str, url: &str, arguments: &Arguments) -> bool {
    let url = url.to_owned();
    let sound = Subject::new(name, move || {
        let place = Place::redis(&url, None);
        async { Ok(place) }
    });
    println!("\nin {name}:");
    let broken = faults::all(false).into_iter().map(|broken| broken.within(&sound)).collect();
    recorded::run(&HELD, broken, |_, _| (), arguments) == ExitCode::SUCCESS
}
