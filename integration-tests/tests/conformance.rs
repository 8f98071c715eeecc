//! The suite, on the backends that need a disk or a server.

use std::{process::ExitCode, sync::Arc};

use integration_tests::{Place, RedisServer, Sort};
use store_conformance::Subject;

fn main() -> ExitCode {
    let redis = match RedisServer::start() {
        Ok(redis) => Arc::new(redis),
        Err(error) => {
            eprintln!("a Redis server is needed: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let subject = |sort: Sort| {
        let redis = redis.clone();
        Subject::new(sort.to_string(), move || {
            let redis = redis.clone();
            async move { Place::fresh(sort, &redis) }
        })
    };
    store_conformance::run(&[Sort::Embedded, Sort::Redis].map(subject))
}
