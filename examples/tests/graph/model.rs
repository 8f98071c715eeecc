//! A plain graph to compare with, and what the cases share.

use std::{
    collections::{BTreeMap, HashSet},
    env,
    sync::Arc,
};

use anyhow::{Result, ensure};
use bytes::Bytes;
use examples::graph::{Direction, Graph, GraphStore, ReadOnlyGraphStore};
use futures::TryStreamExt;
use integration_tests::Place;
use store::{EngineConfig, prelude::*};
use store_core::layers::CutOff;

pub(crate) static EDGES: Graph<Bytes, u64> = Graph::new("edges");

pub(crate) type Edges = Arc<dyn GraphStore<Bytes, u64>>;

/// Nodes that are prefixes of each other, with the bytes that encodings trip over.
pub(crate) static NODES: [Bytes; 7] = [
    node(""),
    node("\0"),
    node("\0\0"),
    node("a"),
    node("a\0"),
    node("a\u{1}"),
    Bytes::from_static(b"\xff\xff"),
];

pub(crate) const fn node(name: &'static str) -> Bytes {
    Bytes::from_static(name.as_bytes())
}

/// A task on a new handle, as a new process would open it.
pub(crate) async fn open(place: &Place) -> Result<(Task, Edges)> {
    let task = place.database().await?.task("app", 0).store(&EDGES).open().await?;
    let edges = task.store(&EDGES)?;
    Ok((task, edges))
}

/// A database all of whose calls let other operations come in between.
pub(crate) async fn interleaved(place: &Place, config: EngineConfig) -> Result<Database> {
    Ok(Database::with(place.backend().await?, config)?.layer(CutOff::never()))
}

pub(crate) fn number(name: &str, default: u32) -> u32 {
    env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Result<()> {
    ensure!(found == expected, "found {found:?}, expected {expected:?}");
    Ok(())
}

/// Edges by the nodes they leave and enter.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model(pub(crate) BTreeMap<(Bytes, Bytes), u64>);

impl Model {
    /// Looks at every edge of these nodes from both of its ends; an error where the ends disagree.
    pub(crate) async fn of(
        edges: &dyn ReadOnlyGraphStore<Bytes, u64>,
        nodes: &[Bytes],
    ) -> Result<Self> {
        let (mut leaving, mut entering) = (BTreeMap::new(), BTreeMap::new());
        for node in nodes {
            let others = edges.neighbours(node, Direction::Out).try_collect::<Vec<_>>().await?;
            leaving.extend(others.into_iter().map(|(other, edge)| ((node.clone(), other), edge)));
            let others = edges.neighbours(node, Direction::In).try_collect::<Vec<_>>().await?;
            entering.extend(others.into_iter().map(|(other, edge)| ((other, node.clone()), edge)));
        }
        ensure!(leaving == entering, "leaving {leaving:?}, entering {entering:?}");
        Ok(Self(leaving))
    }

    pub(crate) fn neighbours(&self, node: &Bytes, direction: Direction) -> Vec<(Bytes, u64)> {
        let other = |((from, to), edge): (&(Bytes, Bytes), &u64)| match direction {
            Direction::Out => (from == node).then(|| (to.clone(), *edge)),
            Direction::In => (to == node).then(|| (from.clone(), *edge)),
        };
        self.0.iter().filter_map(other).collect()
    }

    pub(crate) fn remove_node(&mut self, node: &Bytes) -> u64 {
        let before = self.0.len();
        self.0.retain(|(from, to), _| from != node && to != node);
        (before - self.0.len()) as u64
    }

    /// The nodes by distance, and whether they are all.
    pub(crate) fn reachable(
        &self,
        start: &Bytes,
        hops: u32,
        most: usize,
    ) -> (Vec<(Bytes, u32)>, bool) {
        let mut nodes = vec![(start.clone(), 0)];
        let mut seen = HashSet::from([start.clone()]);
        let mut at = 0;
        while let Some((node, distance)) = nodes.get(at).cloned() {
            at += 1;
            if distance == hops {
                break;
            }
            for (other, _) in self.neighbours(&node, Direction::Out) {
                if seen.insert(other.clone()) {
                    nodes.push((other, distance + 1));
                }
            }
        }
        let complete = nodes.len() <= most;
        nodes.truncate(most);
        (nodes, complete)
    }
}
