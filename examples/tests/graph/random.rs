//! Random operations against a plain model, shrunk where they disagree.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, ensure};
use bytes::Bytes;
use examples::graph::Direction;
use futures::TryStreamExt;
use integration_tests::Place;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy},
    prop_oneof,
    sample::select,
    strategy::BoxedStrategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use store::prelude::*;
use tokio::{runtime::Handle, task::block_in_place};

use super::model::{EDGES, Edges, Model, NODES, number, same};

#[derive(Clone, Debug)]
enum Step {
    Connect(Bytes, Bytes, u64),
    Disconnect(Bytes, Bytes),
    RemoveNode(Bytes),
    Edge(Bytes, Bytes),
    Neighbours(Bytes, Direction),
    Reachable(Bytes, u32, usize),
    Commit,
    Rollback,
    Reopen,
    TakeOver,
}

fn steps() -> BoxedStrategy<Vec<Step>> {
    let node = || select(&NODES[..]);
    let direction = prop_oneof![Just(Direction::Out), Just(Direction::In)];
    let step = prop_oneof![
        8 => (node(), node(), 0..100_u64).prop_map(|(from, to, edge)| Step::Connect(from, to, edge)),
        2 => (node(), node()).prop_map(|(from, to)| Step::Disconnect(from, to)),
        1 => node().prop_map(Step::RemoveNode),
        2 => (node(), node()).prop_map(|(from, to)| Step::Edge(from, to)),
        2 => (node(), direction).prop_map(|(node, direction)| Step::Neighbours(node, direction)),
        3 => (node(), 0..5_u32, 0..9_usize).prop_map(|(node, hops, most)| Step::Reachable(node, hops, most)),
        1 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Reopen),
        1 => Just(Step::TakeOver),
    ];
    vec(step, 1..60).boxed()
}

/// Does an operation on both sides; gives whether it was one.
async fn operate(edges: &Edges, model: &mut Model, step: &Step) -> Result<bool> {
    match step {
        Step::Connect(from, to, edge) => {
            let old = model.0.insert((from.clone(), to.clone()), *edge);
            same(&edges.connect(from, to, edge).await?, &old)?;
        }
        Step::Disconnect(from, to) => {
            let old = model.0.remove(&(from.clone(), to.clone()));
            same(&edges.disconnect(from, to).await?, &old)?;
        }
        Step::RemoveNode(node) => {
            same(&edges.remove_node(node).await?, &model.remove_node(node))?;
        }
        Step::Edge(from, to) => {
            let edge = model.0.get(&(from.clone(), to.clone())).copied();
            same(&edges.edge(from, to).await?, &edge)?;
        }
        Step::Neighbours(node, direction) => {
            let found = edges.neighbours(node, *direction).try_collect::<Vec<_>>().await?;
            same(&found, &model.neighbours(node, *direction))?;
        }
        Step::Reachable(node, hops, most) => {
            let found = edges.reachable(node, *hops, *most).await?;
            same(&(found.nodes, found.complete), &model.reachable(node, *hops, *most))?;
        }
        Step::Commit | Step::Rollback | Step::Reopen | Step::TakeOver => return Ok(false),
    }
    Ok(true)
}

async fn replay(place: &Place, partition: u32, steps: Vec<Step>) -> Result<()> {
    let open = async || -> Result<Task> {
        let database = place.database().await?;
        Ok(database.task("app", partition).store(&EDGES).open().await?)
    };
    let mut task = open().await?;
    let mut edges = task.store(&EDGES)?;
    let (mut model, mut committed) = (Model::default(), Model::default());
    for step in steps {
        if operate(&edges, &mut model, &step).await? {
            continue;
        }
        match step {
            Step::Commit => {
                task.commit(()).await?;
                committed = model.clone();
            }
            Step::Rollback => task.rollback().await?,
            Step::Reopen => {
                task.close().await?;
                drop((task, edges));
                task = open().await?;
                edges = task.store(&EDGES)?;
            }
            _ => {
                let new = open().await?;
                let fenced = task.commit(()).await.err().map(|error| error.kind());
                ensure!(fenced == Some(ErrorKind::Fenced), "the old owner got {fenced:?}");
                edges = new.store(&EDGES)?;
                task = new;
            }
        }
        model = committed.clone();
        same(&Model::of(&*edges, &NODES).await?, &model)?;
    }
    Ok(())
}

pub(crate) async fn operations_agree_with_a_model(place: Place) -> Result<()> {
    let cases = match place {
        Place::Memory(_) | Place::Toy(_) => 300,
        _ => 30,
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
    let partitions = AtomicU32::new(0);
    let run = || {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        TestRunner::new_with_rng(config, rng).run(&steps(), |steps| {
            let partition = partitions.fetch_add(1, Ordering::Relaxed);
            let replayed = Handle::current().block_on(replay(&place, partition, steps));
            replayed.map_err(|error| TestCaseError::fail(format!("{error:#}")))
        })
    };
    block_in_place(run).map_err(|error| anyhow::anyhow!("seed {seed}: {error}"))
}
