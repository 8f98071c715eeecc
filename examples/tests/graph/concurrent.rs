//! Many handlers at a time.

use std::{collections::BTreeSet, pin::pin};

use anyhow::{Context, Result, ensure};
use futures::future::{self, try_join_all};
use integration_tests::Place;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::{EngineConfig, prelude::*};

use super::model::{EDGES, Edges, Model, NODES, interleaved, number, open, same};

const HANDLERS: u64 = 24;

/// A rollback ends the operations that read before it: they are refused and have written nothing.
fn unless_rolled_back<T>(done: store::Result<T>) -> Result<()> {
    match done {
        Err(error) if error.kind() != ErrorKind::InvalidArgument => Err(error.into()),
        _ => Ok(()),
    }
}

async fn handler(edges: Edges, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    for n in 0..12 {
        let [from, to] = [(); 2].map(|()| &NODES[random.random_range(0..NODES.len())]);
        match random.random_range(0..10) {
            0 | 1 => unless_rolled_back(edges.remove_node(from).await)?,
            2..5 => unless_rolled_back(edges.disconnect(from, to).await)?,
            _ => unless_rolled_back(edges.connect(from, to, &n).await)?,
        }
    }
    Ok(())
}

/// Commits again and again until the work is done.
async fn while_committing<T>(task: &Task, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            // Where the work is done first, the outcome is left to the next commit or rollback.
            committed = task.commit(()) => committed?,
        }
    }
}

pub(crate) async fn handlers_keep_both_sides_in_agreement(place: Place) -> Result<()> {
    let seed = u64::from(number("SEED", 0));
    println!("seed {seed}");
    let database = interleaved(&place, EngineConfig::default()).await?;
    let task = database.task("app", 0).store(&EDGES).open().await?;
    let edges = task.store(&EDGES)?;
    for round in 0..u64::from(number("RUNS", 20)) {
        let seed = (seed * 1000 + round) * HANDLERS;
        let handlers = (0..HANDLERS).map(|n| tokio::spawn(handler(edges.clone(), seed + n)));
        let handlers: Vec<_> = handlers.collect();
        let work = async { try_join_all(handlers).await?.into_iter().collect::<Result<()>>() };
        if round % 4 == 3 {
            let (done, rolled_back) = future::join(work, task.rollback()).await;
            done?;
            rolled_back?;
        } else {
            while_committing(&task, work).await?;
        }
        let uncommitted = Model::of(&*edges, &NODES).await;
        uncommitted.with_context(|| format!("seed {seed}, round {round}, uncommitted"))?;
        // What is left are whole edges of the last commit.
        task.rollback().await?;
        let committed = Model::of(&*edges, &NODES).await;
        committed.with_context(|| format!("seed {seed}, round {round}, committed"))?;
    }
    let found = Model::of(&*edges, &NODES).await?;
    drop((task, edges, database));
    let (_task, edges) = open(&place).await?;
    same(&Model::of(&*edges, &NODES).await?, &found)
}

/// What one handler did to the values of edges.
#[derive(Default)]
struct Exchanged {
    /// Set by it and nobody else.
    set: Vec<u64>,
    /// Given back for others.
    given: Vec<u64>,
    /// How many it removed together with a node.
    removed: u64,
}

async fn exchange(edges: Edges, handler: u64) -> Result<Exchanged> {
    let mut random = StdRng::seed_from_u64(handler);
    let mut done = Exchanged::default();
    for value in handler * 1000..handler * 1000 + 120 {
        let [from, to] = [(); 2].map(|()| &NODES[random.random_range(0..3)]);
        match random.random_range(0..10) {
            0 => done.removed += edges.remove_node(from).await?,
            1..5 => done.given.extend(edges.disconnect(from, to).await?),
            _ => {
                done.given.extend(edges.connect(from, to, &value).await?);
                done.set.push(value);
            }
        }
    }
    Ok(done)
}

/// Each value that was ever set is there in the end or was taken away exactly once.
pub(crate) async fn no_edge_is_lost_between_handlers(place: Place) -> Result<()> {
    let database = interleaved(&place, EngineConfig::default()).await?;
    let task = database.task("app", 0).store(&EDGES).open().await?;
    let edges = task.store(&EDGES)?;
    let handlers = (0..HANDLERS).map(|handler| tokio::spawn(exchange(edges.clone(), handler)));
    let handlers: Vec<_> = handlers.collect();
    let work = async { try_join_all(handlers).await?.into_iter().collect::<Result<Vec<_>>>() };
    let (mut set, mut gone, mut removed) = (BTreeSet::new(), Vec::new(), 0);
    for done in while_committing(&task, work).await? {
        set.extend(done.set);
        gone.extend(done.given);
        removed += done.removed;
    }
    gone.extend(Model::of(&*edges, &NODES).await?.0.into_values());
    let known = gone.len() as u64 + removed;
    ensure!(known == set.len() as u64, "{} values were set, {known} are known of", set.len());
    let distinct: BTreeSet<_> = gone.iter().copied().collect();
    ensure!(distinct.len() == gone.len() && distinct.is_subset(&set), "one was given back twice");
    Ok(())
}
