//! The runs: a list of steps per case, on a store and on its model.

mod key_value;
mod session;
mod timestamped;
mod tools;
mod versioned;
mod window;

use std::{env, process::ExitCode, sync::Arc};

use anyhow::{Result, ensure};
use futures::future::BoxFuture;
use integration_tests::{Place, RedisServer, Sort, block_on};
use libtest_mimic::{Failed, Trial};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy},
    prop_oneof,
    strategy::BoxedStrategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use store::prelude::*;

/// A kind of store and its plain model.
pub(crate) trait Kind: Default + Clone + Send + 'static {
    /// The store's definition.
    type Definition: StoreDefinition<Store = Self::Store> + Send + Sync + 'static;
    type Store: Send + Sync;
    /// What can be done with it.
    type Op: Clone + std::fmt::Debug + Send + 'static;

    fn definition() -> Self::Definition;
    fn operations() -> BoxedStrategy<Self::Op>;
    /// Does it on both sides; an error where they differ.
    fn check<'a>(&'a mut self, store: &'a Self::Store, op: Self::Op) -> BoxFuture<'a, Result<()>>;
}

/// What is put between the operations; the answers stay the same.
#[derive(Clone, Debug)]
enum Step<O> {
    Op(O),
    Commit,
    Rollback,
    Reopen,
    TakeOver,
}

fn steps<K: Kind>() -> BoxedStrategy<Vec<Step<K::Op>>> {
    let step = prop_oneof![
        12 => K::operations().prop_map(Step::Op),
        1 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Reopen),
        1 => Just(Step::TakeOver),
    ];
    vec(step, 1..80).boxed()
}

async fn replay<K: Kind>(place: Place, steps: Vec<Step<K::Op>>) -> Result<()> {
    let definition = K::definition();
    let open = async || {
        anyhow::Ok(place.database().await?.task("app", 0).store(&definition).open().await?)
    };
    let mut task = open().await?;
    let mut store = task.store(&definition)?;
    let (mut model, mut committed) = (K::default(), K::default());
    for step in steps {
        match step {
            Step::Op(op) => model.check(&store, op).await?,
            Step::Commit => {
                task.commit(()).await?;
                committed = model.clone();
            }
            Step::Rollback => {
                task.rollback().await?;
                model = committed.clone();
            }
            Step::Reopen => {
                task.close().await?;
                drop((task, store));
                task = open().await?;
                store = task.store(&definition)?;
                model = committed.clone();
            }
            Step::TakeOver => {
                let new = open().await?;
                let fenced = task.commit(()).await.err().map(|error| error.kind());
                ensure!(fenced == Some(ErrorKind::Fenced), "the old owner got {fenced:?}");
                store = new.store(&definition)?;
                task = new;
                model = committed.clone();
            }
        }
    }
    Ok(())
}

fn number(name: &str, default: u32) -> u32 {
    env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

fn trial<K: Kind>(sort: Sort, redis: &RedisServer) -> Result<(), Failed> {
    let cases = match sort {
        Sort::Memory | Sort::Toy => 400,
        _ => 40,
    };
    let seed = number("SEED", 0);
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_be_bytes());
    let config = Config {
        cases: number("CASES", cases),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let ran = TestRunner::new_with_rng(config, rng).run(&steps::<K>(), |steps| {
        let place =
            Place::fresh(sort, redis).map_err(|error| TestCaseError::reject(error.to_string()))?;
        block_on(replay::<K>(place, steps))
            .map_err(|failed| TestCaseError::fail(failed.message().unwrap_or_default().to_owned()))
    });
    ran.map_err(|error| format!("seed {seed}: {error}").into())
}

pub(crate) fn run() -> ExitCode {
    let redis = Arc::new(RedisServer::start().expect("a Redis server is needed"));
    let mut trials = Vec::new();
    for sort in Sort::ALL {
        macro_rules! kinds {
            ($($name:literal: $kind:ty),* $(,)?) => {$({
                let redis = redis.clone();
                let name = format!("{sort}::{}", $name);
                trials.push(Trial::test(name, move || trial::<$kind>(sort, &redis)));
            })*};
        }
        kinds! {
            "key_value": key_value::Model,
            "timestamped": timestamped::Model,
            "window": window::Model<false, 7>,
            "window_one_segment": window::Model<false, 60_000>,
            "window_duplicates": window::Model<true, 7>,
            "session": session::Model<7>,
            "session_one_segment": session::Model<60_000>,
            "versioned": versioned::Model<7>,
            "versioned_one_segment": versioned::Model<60_000>,
        }
    }
    integration_tests::run(trials, redis)
}
