//! What every backend owes through the public API: limits, awkward keys and values, refusals.

#[path = "stores/mod.rs"]
mod cases;

use std::{process::ExitCode, sync::Arc};

use integration_tests::{Place, RedisServer, Sort, block_on, run};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let redis = Arc::new(RedisServer::start().expect("a Redis server is needed"));
    let mut trials = Vec::new();
    for sort in Sort::ALL {
        for (name, case) in cases::CASES {
            let redis = redis.clone();
            let trial = move || block_on(case(Place::fresh(sort, &redis)?));
            trials.push(Trial::test(format!("{sort}::{name}"), trial));
        }
    }
    run(trials, redis)
}
