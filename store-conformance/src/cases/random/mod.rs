//! Random operations on every kind of store against a plain model (RN).
//!
//! `CASES=1000` runs more of them, `SEED=7` the ones of another seed. A failure shows the shortest operations that fail.

pub(crate) mod key_value;
pub(crate) mod session;
pub(crate) mod timestamped;
mod tools;
pub(crate) mod versioned;
pub(crate) mod window;

use std::{
    env,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Result, anyhow, ensure};
use futures::future::{BoxFuture, join};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any},
    prop_oneof,
    strategy::BoxedStrategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use store_core::prelude::*;
use tokio::{runtime::Handle, task::block_in_place, time::timeout};

use crate::{Context, Outcome};

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
    /// What keeps the state is killed between calls, or while a commit is on its way.
    Kill {
        in_commit: bool,
    },
}

/// With kills or without: what is drawn without them stays the same.
fn steps<K: Kind>(kills: bool) -> BoxedStrategy<Vec<Step<K::Op>>> {
    let step = prop_oneof![
        12 => K::operations().prop_map(Step::Op),
        1 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Reopen),
        1 => Just(Step::TakeOver),
    ];
    if !kills {
        return vec(step, 1..80).boxed();
    }
    let kill = any::<bool>().prop_map(|in_commit| Step::Kill { in_commit });
    vec(prop_oneof![24 => step, 1 => kill], 1..80).boxed()
}

async fn replay<K: Kind>(context: Context, steps: Vec<Step<K::Op>>) -> Result<()> {
    let definition = K::definition();
    let open = async || anyhow::Ok(context.task().await?.store(&definition).open().await?);
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
            Step::Kill { in_commit } => {
                let before = task.checkpoint()?.sequence;
                let commit = async { if in_commit { Some(task.commit(()).await) } else { None } };
                let (told, killed) = join(commit, context.place().kill()).await;
                ensure!(killed?, "the place could be killed before");
                drop((task, store));
                task = open().await?;
                store = task.store(&definition)?;
                if is_there(told, before, task.checkpoint()?.sequence)? {
                    committed = model.clone();
                }
                model = committed.clone();
            }
        }
    }
    Ok(())
}

/// Whether the commit that was on its way is there after a kill; an error where what was told of it is not so.
fn is_there(told: Option<store_core::Result<()>>, before: u64, after: u64) -> Result<bool> {
    ensure!(after == before || (told.is_some() && after == before + 1), "{after} after {before}");
    match told {
        Some(Ok(())) => ensure!(after > before, "an acknowledged commit is gone after a kill"),
        Some(Err(error)) => ensure!(error.is_retryable(), "a kill in a commit: {error}"),
        None => {}
    }
    Ok(after > before)
}

/// The operations of many cases, each in a place of its own, with a bound on the time of each.
pub(crate) async fn agree<K: Kind>(context: Context) -> Result<Outcome> {
    let cases = env::var("CASES").ok().and_then(|cases| cases.parse().ok());
    let persistent = context.capabilities().await?.persistent;
    let kills = persistent && context.fresh().await?.place().kill().await?;
    let config = Config {
        cases: match cases {
            Some(cases) => cases,
            // Each costs claims and commits, which a disk takes its time for.
            None if persistent => 40,
            None => 400,
        },
        failure_persistence: None,
        max_shrink_iters: 2000,
        // What hangs is not shrunk for hours.
        max_shrink_time: 10_000,
        ..Config::default()
    };
    let (sequences, killed) = (config.cases, AtomicUsize::new(0));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&context.seed.to_be_bytes());
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let case = |steps: Vec<Step<K::Op>>| {
        let kills = steps.iter().filter(|step| matches!(step, Step::Kill { .. })).count();
        killed.fetch_add(kills, Ordering::Relaxed);
        let case = async { replay::<K>(context.fresh().await?, steps).await };
        let ended = Handle::current().block_on(async { timeout(PATIENCE, case).await });
        let failed = match ended {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => format!("it did not end within {PATIENCE:?}"),
        };
        Err(TestCaseError::fail(failed))
    };
    // The runner shrinks what fails by calling again, and knows no futures.
    let ran = block_in_place(|| runner.run(&steps::<K>(kills), case));
    ran.map_err(|error| anyhow!("seed {}: {error}", context.seed))?;
    Ok(Outcome::PassedBy(match killed.into_inner() {
        0 => format!("{sequences} random sequences"),
        killed => format!("{sequences} random sequences, {killed} kills"),
    }))
}

/// How long the operations of one case may take.
const PATIENCE: Duration = Duration::from_secs(120);
