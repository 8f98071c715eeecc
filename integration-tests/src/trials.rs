//! Named tests made at run time.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use futures::future::BoxFuture;
use libtest_mimic::{Arguments, Failed, Trial};
use store_core::{memory::MemoryBackend, redo::toy::ToyBackend};

use crate::{
    Place, RedisServer, Sort,
    servers::{Server, ServerKind},
};

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

/// The servers that places of every sort are in.
#[derive(Debug)]
pub struct Servers {
    redis: RedisServer,
    cassandra: Server,
}

impl Servers {
    fn start() -> Result<Self> {
        let redis = RedisServer::start().context("a Redis server is needed")?;
        let cassandra = Server::start(ServerKind::Cassandra);
        Ok(Self { redis, cassandra: cassandra.context("a Cassandra server is needed")? })
    }

    /// A place without state.
    pub fn place(&self, sort: Sort) -> Result<Place> {
        Ok(match sort {
            Sort::Memory => Place::Memory(MemoryBackend::new()),
            Sort::Toy => Place::Toy(ToyBackend::new()),
            Sort::Embedded => Place::embedded()?,
            Sort::Redis => Place::redis(self.redis.url(), None),
            Sort::Cassandra => Place::cassandra(self.cassandra.url()),
        })
    }
}

/// Runs the cases on every backend, with the same servers for all of them.
#[must_use]
pub fn run_on_all(cases: &'static [(&'static str, Case)]) -> ExitCode {
    run_with_servers(|servers| {
        let mut trials = Vec::new();
        for sort in Sort::ALL {
            for (name, case) in cases {
                let servers = servers.clone();
                let trial = move || block_on(case(servers.place(sort)?));
                trials.push(Trial::test(format!("{sort}::{name}"), trial));
            }
        }
        trials
    })
}

/// Runs trials that share the servers; fails where one cannot be had.
#[must_use]
pub fn run_with_servers(trials: impl FnOnce(&Arc<Servers>) -> Vec<Trial>) -> ExitCode {
    match Servers::start() {
        Ok(servers) => {
            let servers = Arc::new(servers);
            run(trials(&servers), servers)
        }
        Err(error) => {
            eprintln!("{error:#}");
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
