//! The suite, on local disk and on every server that there is an adapter for, each in a container.

use std::process::ExitCode;

use anyhow::Result;
use integration_tests::{
    Place,
    servers::{Server, ServerKind, redis_version},
};
use store_conformance::Subject;

/// A cluster comes with an adapter that can follow its redirections: `servers::RedisCluster` is one.
const SERVERS: [ServerKind; 3] = [ServerKind::Redis7, ServerKind::Redis8, ServerKind::Valkey];

fn main() -> ExitCode {
    let servers = match SERVERS.into_iter().map(Server::start).collect::<Result<Vec<_>>>() {
        Ok(servers) => servers,
        Err(error) => {
            eprintln!("the servers are needed: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let mut subjects = vec![Subject::new("embedded", || async { Place::embedded() })];
    for server in &servers {
        match subject(server) {
            Ok(subject) => subjects.push(subject),
            Err(error) => {
                eprintln!("{}: {error:#}", server.url());
                return ExitCode::FAILURE;
            }
        }
    }
    // The servers live until all cases have ended.
    store_conformance::run(&subjects)
}

/// By the version that the server itself names.
fn subject(server: &Server) -> Result<Subject> {
    let url = server.url().to_owned();
    Ok(Subject::new(redis_version(&url)?, move || {
        let place = Place::in_redis(&url);
        async { Ok(place) }
    }))
}
