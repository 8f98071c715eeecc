//! Many handlers at a time.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use integration_tests::Place;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::prelude::*;

use super::model::{Edges, Model, NODES, number, open, same};

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
    for n in 0..80 {
        let [from, to] = [(); 2].map(|()| &NODES[random.random_range(0..NODES.len())]);
        match random.random_range(0..10) {
            0 => unless_rolled_back(edges.remove_node(from).await)?,
            1..4 => unless_rolled_back(edges.disconnect(from, to).await)?,
            _ => unless_rolled_back(edges.connect(from, to, &n).await)?,
        }
    }
    Ok(())
}

pub(crate) async fn handlers_keep_both_sides_in_agreement(place: Place) -> Result<()> {
    let seed = u64::from(number("SEED", 0));
    println!("seed {seed}");
    let (task, edges) = open(&place).await?;
    let handlers = (0..HANDLERS).map(|n| tokio::spawn(handler(edges.clone(), seed * HANDLERS + n)));
    let handlers = try_join_all(handlers);
    let commits = async {
        for n in 0..12 {
            if n % 3 == 2 {
                task.rollback().await?;
            } else {
                task.commit(()).await?;
            }
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    };
    let (done, committed) = futures::future::join(handlers, commits).await;
    committed?;
    done?.into_iter().collect::<Result<Vec<()>>>()?;
    let found = Model::of(&*edges, &NODES).await?;
    task.commit(()).await?;
    drop((task, edges));
    let (_task, edges) = open(&place).await?;
    same(&Model::of(&*edges, &NODES).await?, &found)
}

/// Each value that was ever set is given back exactly once, by who took its place, or is there in the end.
pub(crate) async fn no_edge_is_lost_between_handlers(place: Place) -> Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (task, edges) = open(&place).await?;
    let handlers = (0..HANDLERS).map(|seed| {
        let edges = edges.clone();
        let work = async move {
            let mut random = StdRng::seed_from_u64(seed);
            let (mut set, mut given) = (Vec::new(), Vec::new());
            for _ in 0..60 {
                let [from, to] = [(); 2].map(|()| &NODES[random.random_range(0..3)]);
                if random.random_bool(0.3) {
                    given.extend(edges.disconnect(from, to).await?);
                    continue;
                }
                let value = NEXT.fetch_add(1, Ordering::Relaxed);
                given.extend(edges.connect(from, to, &value).await?);
                set.push(value);
            }
            Ok::<_, Error>((set, given))
        };
        tokio::spawn(work)
    });
    let handlers = try_join_all(handlers);
    let commits = async {
        for _ in 0..10 {
            task.commit(()).await?;
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    };
    let (done, committed) = futures::future::join(handlers, commits).await;
    committed?;
    let (mut set, mut given) = (BTreeSet::new(), Vec::new());
    for handler in done? {
        let (new, old) = handler?;
        set.extend(new);
        given.extend(old);
    }
    given.extend(Model::of(&*edges, &NODES).await?.0.into_values());
    ensure!(given.len() == set.len(), "{} of {} values", given.len(), set.len());
    same(&given.into_iter().collect(), &set)
}
