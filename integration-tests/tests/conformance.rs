//! The suite, on local disk, on every server that there is an adapter for and a cluster of Redis, in containers, and on
//! Redis over TLS.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use integration_tests::{
    Certificates, Place, RedisServer,
    servers::{RedisCluster, Server, ServerKind, redis_version},
};
use store_conformance::Subject;

const IN_CONTAINERS: [ServerKind; 3] = [ServerKind::Redis7, ServerKind::Redis8, ServerKind::Valkey];

/// What the places are in; it lives until all cases have ended.
struct Servers {
    containers: Vec<Server>,
    cluster: RedisCluster,
    tls: RedisServer,
    certificates: Arc<Certificates>,
}

impl Servers {
    fn start() -> Result<Self> {
        let certificates = Arc::new(Certificates::new()?);
        let tls = RedisServer::tls(&certificates, true, &["--appendonly", "no"]);
        Ok(Self {
            containers: IN_CONTAINERS.into_iter().map(Server::start).collect::<Result<_>>()?,
            cluster: RedisCluster::start(ServerKind::Redis7)?,
            tls: tls.context("a Redis server with TLS is needed")?,
            certificates,
        })
    }

    fn subjects(&self) -> Result<Vec<Subject>> {
        let mut subjects = vec![Subject::new("embedded", || async { Place::embedded() })];
        for server in &self.containers {
            subjects.push(redis(&redis_version(server.url())?, server.url(), None));
        }
        subjects.push(redis("redis-cluster", self.cluster.url(), None));
        subjects.push(redis("redis-tls", self.tls.url(), Some(&self.certificates)));
        Ok(subjects)
    }
}

fn redis(name: &str, url: &str, certificates: Option<&Arc<Certificates>>) -> Subject {
    let (url, certificates) = (url.to_owned(), certificates.cloned());
    Subject::new(name, move || {
        let place = Place::redis(&url, certificates.as_deref());
        async { Ok(place) }
    })
}

fn main() -> ExitCode {
    let run = || -> Result<ExitCode> {
        let servers = Servers::start().context("the servers are needed")?;
        Ok(store_conformance::run(&servers.subjects()?))
    };
    run().unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}
