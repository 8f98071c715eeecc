//! Named tests made at run time.

use std::{process::ExitCode, sync::Arc};

use anyhow::Result;
use futures::future::BoxFuture;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::{Place, RedisServer, Sort};

/// Runs a case to its end on a runtime of its own.
pub fn block_on(case: impl Future<Output = Result<()>>) -> Result<(), Failed> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime?.block_on(case).map_err(|error| format!("{error:#}").into())
}

/// A case that every backend is held to, in a place of its own.
pub type Case = fn(Place) -> BoxFuture<'static, Result<()>>;

/// Lists the cases of modules as `CASES`, each by its module and name.
#[macro_export]
macro_rules! cases {
    ($($file:ident: $($case:ident),*;)*) => {
        /// Every case by its name.
        pub(crate) const CASES: &[(&str, $crate::Case)] =
            &[$($((concat!(stringify!($file), "::", stringify!($case)), |place| Box::pin($file::$case(place))),)*)*];
    };
}

/// Runs the cases on every backend, with a Redis server for all of them.
#[must_use]
pub fn run_on_all(cases: &'static [(&'static str, Case)]) -> ExitCode {
    run_with_redis(|redis| {
        let mut trials = Vec::new();
        for sort in Sort::ALL {
            for (name, case) in cases {
                let redis = redis.clone();
                let trial = move || block_on(case(Place::fresh(sort, &redis)?));
                trials.push(Trial::test(format!("{sort}::{name}"), trial));
            }
        }
        trials
    })
}

/// Runs trials that share a Redis server; fails where there is none.
#[must_use]
pub fn run_with_redis(trials: impl FnOnce(&Arc<RedisServer>) -> Vec<Trial>) -> ExitCode {
    match RedisServer::start() {
        Ok(redis) => {
            let redis = Arc::new(redis);
            run(trials(&redis), redis)
        }
        Err(error) => {
            eprintln!("a Redis server is needed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the trials, as the arguments say; `kept` lives until all have ended.
pub fn run<T>(trials: Vec<Trial>, kept: T) -> ExitCode {
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    drop(kept);
    conclusion.exit_code()
}
