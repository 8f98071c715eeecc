//! Limits: at each and one above, with nothing written.

use anyhow::{Result, ensure};
use bytes::Bytes;
use examples::graph::{Direction, Graph};
use futures::TryStreamExt;
use integration_tests::Place;
use store::{EngineConfig, PORTABLE_KEY_BYTES, PORTABLE_VALUE_BYTES, codec::Raw, prelude::*};

use super::model::{EDGES, Model, node, open, same};

pub(crate) async fn two_nodes_at_the_limit_and_one_byte_above(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    let short = node("s");
    let long = |bytes| Bytes::from(vec![b'x'; bytes]);
    // A byte for the direction, two that end the first node, one for the short node.
    let longest = long(PORTABLE_KEY_BYTES - 4);
    edges.connect(&longest, &short, &1).await?;
    edges.connect(&short, &longest, &2).await?;
    let above = long(PORTABLE_KEY_BYTES - 3);
    // Without another node there is room for one byte more.
    same(&edges.remove_node(&above).await?, &0)?;
    let alone = long(PORTABLE_KEY_BYTES - 2);
    let refused = [
        edges.connect(&above, &short, &3).await.err(),
        edges.connect(&short, &above, &3).await.err(),
        edges.disconnect(&above, &short).await.err(),
        edges.edge(&above, &short).await.err(),
        edges.remove_node(&alone).await.err(),
        edges.reachable(&alone, 1, 1).await.err(),
        edges.neighbours(&alone, Direction::In).try_next().await.err(),
    ];
    for error in refused {
        let Some(error) = error else { anyhow::bail!("long nodes were taken") };
        let message = error.to_string();
        ensure!(error.kind() == ErrorKind::TooLarge && message.contains("8193"), "{message}");
        ensure!(message.starts_with("store edges: "), "{message}");
    }
    // Zeros are escaped in one of the two keys only: the other one would fit.
    let zeros = Bytes::from(vec![0; PORTABLE_KEY_BYTES / 2]);
    let error = edges.connect(&short, &zeros, &3).await.err().map(|error| error.kind());
    ensure!(error == Some(ErrorKind::TooLarge), "{error:?}");
    task.commit(()).await?;
    let found = Model::of(&*edges, &[longest.clone(), short.clone(), above]).await?;
    let expected = [((longest.clone(), short.clone()), 1), ((short, longest), 2)];
    same(&found, &Model(expected.into()))
}

pub(crate) async fn a_value_above_the_limit_is_on_neither_side(place: Place) -> Result<()> {
    let graph = Graph::<Bytes, Bytes>::new("g").values(Raw);
    let task = place.database().await?.task("app", 0).store(&graph).open().await?;
    let edges = task.store(&graph)?;
    let (a, b) = (node("a"), node("b"));
    let largest = Bytes::from(vec![7; PORTABLE_VALUE_BYTES]);
    edges.connect(&a, &b, &largest).await?;
    let above = Bytes::from(vec![8; PORTABLE_VALUE_BYTES + 1]);
    let error = edges.connect(&a, &b, &above).await.err().map(|error| error.kind());
    ensure!(error == Some(ErrorKind::TooLarge), "{error:?}");
    task.commit(()).await?;
    let found = edges.neighbours(&b, Direction::In).try_next().await?;
    ensure!(found == Some((a.clone(), largest.clone())), "the old value stays");
    ensure!(edges.edge(&a, &b).await? == Some(largest));
    Ok(())
}

pub(crate) async fn a_node_too_large_to_remove_at_once(place: Place) -> Result<()> {
    let mut config = EngineConfig::default();
    (config.uncommitted_soft_bytes, config.uncommitted_hard_bytes) = (10_000, 20_000);
    let database = Database::with(place.backend().await?, config)?;
    let task = database.task("app", 0).store(&EDGES).open().await?;
    let edges = task.store(&EDGES)?;
    let hub = node("hub");
    let others: Vec<_> = (0..100_u64).map(|n| Bytes::from(n.to_be_bytes().to_vec())).collect();
    for (n, other) in (0..).zip(&others) {
        edges.connect(&hub, other, &n).await?;
        if task.wants_commit() {
            task.commit(()).await?;
        }
    }
    task.commit(()).await?;
    let all = [&others[..], std::slice::from_ref(&hub)].concat();
    let before = Model::of(&*edges, &all).await?;
    let error = edges.remove_node(&hub).await.err().map(|error| error.kind());
    ensure!(error == Some(ErrorKind::TooLarge) && before.0.len() == 100, "{error:?}");
    same(&Model::of(&*edges, &all).await?, &before)?;
    // As its documentation says.
    let mut neighbours = edges.neighbours(&hub, Direction::Out);
    while let Some((other, _)) = neighbours.try_next().await? {
        edges.disconnect(&hub, &other).await?;
        if task.wants_commit() {
            task.commit(()).await?;
        }
    }
    task.commit(()).await?;
    same(&Model::of(&*edges, &all).await?, &Model::default())
}
