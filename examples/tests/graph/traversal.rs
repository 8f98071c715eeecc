//! Traversals within limits: at each limit, and one above.

use anyhow::{Result, ensure};
use bytes::Bytes;
use integration_tests::Place;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::{EngineConfig, prelude::*};

use super::model::{EDGES, Edges, Model, interleaved, node, open, same};

/// Joins a path of nodes.
async fn path(edges: &Edges, nodes: &[&'static str]) -> Result<()> {
    for pair in nodes.windows(2) {
        edges.connect(&node(pair[0]), &node(pair[1]), &1).await?;
    }
    Ok(())
}

async fn check(
    edges: &Edges,
    start: &'static str,
    (hops, most): (u32, usize),
    expected: &[(&'static str, u32)],
    complete: bool,
) -> Result<()> {
    let found = edges.reachable(&node(start), hops, most).await?;
    let expected: Vec<_> = expected.iter().map(|(name, hops)| (node(name), *hops)).collect();
    same(&(found.nodes, found.complete), &(expected, complete))
}

pub(crate) async fn cycles_and_loops_end(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    check(&edges, "alone", (9, 9), &[("alone", 0)], true).await?;
    path(&edges, &["a", "a", "b", "c", "a"]).await?;
    path(&edges, &["c", "c"]).await?;
    let all = [("a", 0), ("b", 1), ("c", 2)];
    for committed in [false, true] {
        check(&edges, "a", (u32::MAX, usize::MAX), &all, true).await?;
        check(&edges, "c", (9, 9), &[("c", 0), ("a", 1), ("b", 2)], true).await?;
        ensure!(edges.edge(&node("b"), &node("a")).await?.is_none(), "committed: {committed}");
        task.commit(()).await?;
    }
    Ok(())
}

pub(crate) async fn hops_at_the_limit_and_one_more(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    path(&edges, &["a", "b", "c", "d"]).await?;
    task.commit(()).await?;
    // A shorter way, not committed: the distance is that of the shortest.
    path(&edges, &["a", "d", "e"]).await?;
    check(&edges, "a", (0, 9), &[("a", 0)], true).await?;
    check(&edges, "a", (1, 9), &[("a", 0), ("b", 1), ("d", 1)], true).await?;
    let two = [("a", 0), ("b", 1), ("d", 1), ("c", 2), ("e", 2)];
    check(&edges, "a", (2, 9), &two, true).await?;
    check(&edges, "a", (3, 9), &two, true).await?;
    check(&edges, "c", (1, 9), &[("c", 0), ("d", 1)], true).await
}

pub(crate) async fn nodes_at_the_limit_and_one_more(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    path(&edges, &["a", "b", "d"]).await?;
    path(&edges, &["a", "c", "a"]).await?;
    task.commit(()).await?;
    check(&edges, "a", (9, 0), &[], false).await?;
    check(&edges, "a", (0, 1), &[("a", 0)], true).await?;
    check(&edges, "a", (9, 1), &[("a", 0)], false).await?;
    check(&edges, "a", (9, 2), &[("a", 0), ("b", 1)], false).await?;
    check(&edges, "a", (1, 3), &[("a", 0), ("b", 1), ("c", 1)], true).await?;
    check(&edges, "a", (9, 3), &[("a", 0), ("b", 1), ("c", 1)], false).await?;
    check(&edges, "a", (9, 4), &[("a", 0), ("b", 1), ("c", 1), ("d", 2)], true).await
}

pub(crate) async fn more_neighbours_than_a_page(place: Place) -> Result<()> {
    let mut config = EngineConfig::default();
    config.page_entries = 3;
    let database = Database::with(place.backend().await?, config)?;
    let task = database.task("app", 0).store(&EDGES).open().await?;
    let edges = task.store(&EDGES)?;
    let (hub, leaf) = (node("hub"), |n: u8| Bytes::from(vec![n]));
    for n in 0..20 {
        // The hub's first neighbours lead back to it, so that they are all seen before.
        edges.connect(&hub, &leaf(n), &1).await?;
        edges.connect(&leaf(n), &hub, &1).await?;
        edges.connect(&leaf(n), &leaf(19 - n), &1).await?;
        if n % 3 == 0 {
            task.commit(()).await?;
        }
    }
    for most in [5, 20, 21, 22] {
        let found = edges.reachable(&leaf(7), 4, most).await?;
        let expected = 21.min(most);
        ensure!(
            found.nodes.len() == expected && found.complete == (most >= 21),
            "{most}: {found:?}"
        );
    }
    Ok(())
}

/// More nodes of one distance than are followed at a time, some of which take longer than others.
pub(crate) async fn a_wide_level_is_followed_in_order(place: Place) -> Result<()> {
    let mut config = EngineConfig::default();
    config.page_entries = 2;
    let task = interleaved(&place, config).await?.task("app", 0).store(&EDGES).open().await?;
    let edges = task.store(&EDGES)?;
    let leaf = |n: u32| Bytes::from(n.to_be_bytes().to_vec());
    let (mut model, mut random) = (Model::default(), StdRng::seed_from_u64(2));
    for n in 1..300_u32 {
        // A few of the first nodes have many children.
        let most = if random.random_bool(0.7) { n.min(12) } else { n };
        for (from, to) in [(random.random_range(0..most), n), (n, random.random_range(0..n))] {
            edges.connect(&leaf(from), &leaf(to), &1).await?;
            model.0.insert((leaf(from), leaf(to)), 1);
        }
        if n % 100 == 0 {
            task.commit(()).await?;
        }
    }
    for (start, hops, most) in [(0, 9, 1000), (0, 9, 299), (0, 9, 300), (0, 2, 60), (299, 3, 30)] {
        let found = edges.reachable(&leaf(start), hops, most).await?;
        let expected = model.reachable(&leaf(start), hops, most);
        same(&(found.nodes, found.complete), &expected)?;
    }
    Ok(())
}
