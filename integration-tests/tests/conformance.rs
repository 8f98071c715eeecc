//! The suite, on the backends that need a disk or a server.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use integration_tests::{Certificates, Place, RedisCluster, RedisServer, Sort};
use store_conformance::Subject;

/// What the places are in.
struct Servers {
    redis: RedisServer,
    cluster: RedisCluster,
    tls: RedisServer,
    certificates: Certificates,
}

impl Servers {
    fn start() -> Result<Self> {
        let certificates = Certificates::new()?;
        let redis = RedisServer::start().context("a Redis server is needed")?;
        let cluster = RedisCluster::start().context("a Redis Cluster is needed")?;
        let tls = RedisServer::tls(&certificates, true, &["--appendonly", "no"]);
        let tls = tls.context("a Redis server with TLS is needed")?;
        Ok(Self { redis, cluster, tls, certificates })
    }
}

type Fresh = fn(&Servers) -> Result<Place>;

const PLACES: [(&str, Fresh); 4] = [
    ("embedded", |servers| Place::fresh(Sort::Embedded, &servers.redis)),
    ("redis", |servers| Place::fresh(Sort::Redis, &servers.redis)),
    ("redis-cluster", |servers| Ok(Place::redis(servers.cluster.url(), None))),
    ("redis-tls", |servers| Ok(Place::redis(servers.tls.url(), Some(&servers.certificates)))),
];

fn main() -> ExitCode {
    let servers = match Servers::start() {
        Ok(servers) => Arc::new(servers),
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    let subject = |(name, fresh): (&str, Fresh)| {
        let servers = servers.clone();
        Subject::new(name.to_owned(), move || {
            let servers = servers.clone();
            async move { fresh(&servers) }
        })
    };
    store_conformance::run(&PLACES.map(subject))
}
