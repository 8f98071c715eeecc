//! The suite, on local disk, on every server that there is an adapter for and a cluster of Redis, in containers, and on
//! Redis over TLS.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use integration_tests::{
    ALL_TURNS, Certificates, Place, RedisServer, all_succeed,
    servers::{
        RedisCluster, Server, ServerKind, cassandra_version, elastic_version, redis_version,
    },
};
use libtest_mimic::Arguments;
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

/// What is kept in a server on Java.
fn on_java(server: &Server) -> Result<Subject> {
    let url = server.url().to_owned();
    let cassandra = server.kind() == ServerKind::Cassandra;
    let name = if cassandra { cassandra_version(&url)? } else { elastic_version(&url)? };
    Ok(Subject::new(name, move || {
        let place = if cassandra { Place::cassandra(&url) } else { Place::elastic(&url) };
        async { Ok(place) }
    }))
}

fn turn(java: Option<ServerKind>) -> Result<ExitCode> {
    match java {
        None => {
            let servers = Servers::start()?;
            Ok(store_conformance::run(&servers.subjects()?))
        }
        Some(kind) => {
            let server = Server::start(kind)?;
            Ok(store_conformance::run(&[on_java(&server)?]))
        }
    }
}

/// Whether the arguments ask for another turn's backend by its name.
fn is_left_out(java: Option<ServerKind>) -> bool {
    let Some(filter) = Arguments::from_args().filter else { return false };
    let named: Vec<_> =
        ALL_TURNS.into_iter().flatten().filter(|kind| filter.contains(kind.name())).collect();
    !named.is_empty() && !java.is_some_and(|kind| named.contains(&kind))
}

fn main() -> ExitCode {
    all_succeed(ALL_TURNS.into_iter().filter(|java| !is_left_out(*java)).map(|java| {
        turn(java).context("the servers are needed").unwrap_or_else(|error| {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        })
    }))
}
