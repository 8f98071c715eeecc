//! Named tests made at run time.

use std::{
    env,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

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

/// The servers that places are in: of those on Java one at a time, since a small machine has memory for one.
#[derive(Debug)]
pub struct Servers {
    redis: Arc<RedisServer>,
    java: Option<ServerKind>,
    /// Started when a place is asked for first.
    started: OnceLock<Result<Server, String>>,
}

impl Servers {
    fn new(redis: Arc<RedisServer>, java: Option<ServerKind>) -> Self {
        Self { redis, java, started: OnceLock::new() }
    }

    /// Whether a trial on backends of these sorts is run with these servers: with exactly one set, or with none where it
    /// would need two servers on Java.
    #[must_use]
    pub fn take(&self, sorts: &[Sort]) -> bool {
        let mut java: Vec<_> = sorts.iter().filter_map(|sort| sort.java()).collect();
        java.dedup();
        java == Vec::from_iter(self.java)
    }

    fn java(&self, sort: Sort) -> Result<&Server> {
        let kind = self.java.filter(|java| sort.java() == Some(*java));
        let kind = kind.context("the trial is one of another turn")?;
        let start = || Server::start(kind).map_err(|error| format!("{error:#}"));
        self.started.get_or_init(start).as_ref().map_err(|error| anyhow::anyhow!("{error}"))
    }

    /// A place without state.
    pub fn place(&self, sort: Sort) -> Result<Place> {
        Ok(match sort {
            Sort::Memory => Place::Memory(MemoryBackend::new()),
            Sort::Toy => Place::Toy(ToyBackend::new()),
            Sort::Embedded => Place::embedded()?,
            Sort::Redis => Place::redis(self.redis.url(), None),
            Sort::Cassandra => Place::cassandra(self.java(sort)?.url()),
            Sort::Elasticsearch | Sort::OpenSearch => Place::elastic(self.java(sort)?.url()),
        })
    }
}

/// Runs the cases on every backend, with the same servers for all of them.
#[must_use]
pub fn run_on_all(cases: &'static [(&'static str, Case)]) -> ExitCode {
    run_with_servers(|servers| {
        let mut trials = Vec::new();
        for sort in Sort::ALL.into_iter().filter(|sort| servers.take(&[*sort])) {
            for (name, case) in cases {
                let servers = servers.clone();
                let trial = move || block_on(case(servers.place(sort)?));
                trials.push(Trial::test(format!("{sort}::{name}"), trial));
            }
        }
        trials
    })
}

/// The turns of servers: first none on Java, then each that is.
pub const ALL_TURNS: [Option<ServerKind>; 4] = [
    None,
    Some(ServerKind::Cassandra),
    Some(ServerKind::Elasticsearch),
    Some(ServerKind::OpenSearch),
];

/// The same but for OpenSearch, which has Elasticsearch's adapter and so its turn at the suite and at that adapter's own tests;
/// with `TEST_OPENSEARCH=yes` it has it everywhere.
pub fn turns() -> impl Iterator<Item = Option<ServerKind>> {
    let everywhere = env::var("TEST_OPENSEARCH").is_ok_and(|asked| asked == "yes");
    let taken = move |turn: &_| everywhere || *turn != Some(ServerKind::OpenSearch);
    ALL_TURNS.into_iter().filter(taken)
}

/// Runs trials that share servers, turn by turn: `trials` gives those that the servers of a turn [take](Servers::take).
#[must_use]
pub fn run_with_servers(trials: impl Fn(&Arc<Servers>) -> Vec<Trial>) -> ExitCode {
    let redis = match RedisServer::start() {
        Ok(redis) => Arc::new(redis),
        Err(error) => {
            eprintln!("a Redis server is needed: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    all_succeed(turns().map(|turn| {
        let servers = Arc::new(Servers::new(redis.clone(), turn));
        run(trials(&servers), servers)
    }))
}

/// A case that kills and stops nodes of a cluster.
pub type ClusterCase<C> = fn(&C) -> BoxFuture<'_, Result<()>>;

/// Runs cases on one cluster, one after the other.
#[must_use]
pub fn run_on_cluster<C: Send + Sync + 'static>(
    cluster: Result<C>,
    cases: &[(&'static str, ClusterCase<C>)],
) -> ExitCode {
    let cluster = match cluster {
        Ok(cluster) => Arc::new(cluster),
        Err(error) => {
            eprintln!("a cluster is needed: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let trial = |&(name, case): &(&str, ClusterCase<C>)| {
        let cluster = cluster.clone();
        Trial::test(format!("nodes::{name}"), move || block_on(case(&cluster)))
    };
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let conclusion = libtest_mimic::run(&arguments, cases.iter().map(trial).collect());
    drop(cluster);
    conclusion.exit_code()
}

/// Success where each of several runs was one.
#[must_use]
pub fn all_succeed(runs: impl IntoIterator<Item = ExitCode>) -> ExitCode {
    let failed = runs.into_iter().filter(|run| *run != ExitCode::SUCCESS).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the trials, as the arguments say; `kept` lives until all have ended.
pub fn run<T>(trials: Vec<Trial>, kept: T) -> ExitCode {
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    drop(kept);
    conclusion.exit_code()
}
