//! Edges from both ends, and their bytes.

use anyhow::{Result, ensure};
use bytes::Bytes;
use examples::graph::{Direction, Graph};
use futures::TryStreamExt;
use integration_tests::Place;
use store::{backend::KeyRange, codec::Raw, prelude::*};

use super::model::{EDGES, Model, NODES, node, open, same};

pub(crate) async fn both_directions_agree(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    let mut model = Model::default();
    for (n, from) in NODES.iter().enumerate() {
        for to in &NODES[n / 2..] {
            let edge = model.0.len() as u64;
            ensure!(edges.connect(from, to, &edge).await?.is_none());
            model.0.insert((from.clone(), to.clone()), edge);
        }
    }
    for committed in [false, true] {
        same(&Model::of(&*edges, &NODES).await?, &model)?;
        for from in &NODES {
            let leaving = edges.neighbours(from, Direction::Out);
            let expected = model.neighbours(from, Direction::Out);
            same(&leaving.try_collect::<Vec<_>>().await?, &expected)?;
            for to in &NODES {
                let expected = model.0.get(&(from.clone(), to.clone())).copied();
                ensure!(edges.edge(from, to).await? == expected, "committed: {committed}");
            }
        }
        task.commit(()).await?;
    }
    let (from, to) = (&NODES[1], &NODES[4]);
    let old = model.0.insert((from.clone(), to.clone()), 1000);
    same(&edges.connect(from, to, &1000).await?, &old)?;
    same(&Model::of(&*edges, &NODES).await?, &model)?;
    model.0.remove(&(from.clone(), to.clone()));
    same(&edges.disconnect(from, to).await?, &Some(1000))?;
    same(&edges.disconnect(from, to).await?, &None)?;
    same(&Model::of(&*edges, &NODES).await?, &model)
}

pub(crate) async fn an_edge_of_a_node_to_itself(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    let (a, b) = (node("a"), node("b"));
    edges.connect(&a, &a, &1).await?;
    edges.connect(&a, &b, &2).await?;
    task.commit(()).await?;
    for direction in [Direction::Out, Direction::In] {
        let own = edges.neighbours(&a, direction).try_next().await?;
        same(&own, &Some((a.clone(), 1)))?;
    }
    same(&edges.remove_node(&a).await?, &2)?;
    same(&Model::of(&*edges, &[a, b]).await?, &Model::default())
}

pub(crate) async fn a_removed_node_leaves_nothing_behind(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    let mut model = Model::default();
    for from in &NODES {
        for to in &NODES {
            edges.connect(from, to, &7).await?;
            model.0.insert((from.clone(), to.clone()), 7);
        }
        task.commit(()).await?;
    }
    // Some of its edges are committed, some are not, one is deleted already.
    let gone = &NODES[1];
    edges.connect(gone, &NODES[5], &8).await?;
    edges.disconnect(gone, &NODES[2]).await?;
    model.0.remove(&(gone.clone(), NODES[2].clone()));
    same(&edges.remove_node(gone).await?, &model.remove_node(gone))?;
    same(&edges.remove_node(gone).await?, &0)?;
    same(&Model::of(&*edges, &NODES).await?, &model)?;
    task.commit(()).await?;
    same(&Model::of(&*edges, &NODES).await?, &model)
}

pub(crate) async fn the_stored_bytes(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    edges.connect(&node("a\0"), &node("b"), &12).await?;
    task.commit(()).await?;
    let maps = place.database().await?.read("app", 0).await?.maps("edges").await?;
    ensure!(maps.spec().kind == "example.graph/1" && maps.spec().layout == 1);
    ensure!(maps.spec().key_codec == "bytes" && maps.spec().value_codec == "json");
    let stored: Vec<_> = maps.scan(None, KeyRange::ALL, Order::Forward).try_collect().await?;
    let stored: Vec<_> = stored.iter().map(|(key, value)| (&key[..], &value[..])).collect();
    let expected: [(&[u8], &[u8]); 2] =
        [(b"\x00a\x00\xff\x00\x00b", b"12"), (b"\x01b\x00\x00a\x00", b"12")];
    ensure!(stored == expected, "{stored:?}");
    Ok(())
}

pub(crate) async fn a_graph_is_opened_as_nothing_else(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    edges.connect(&node("a"), &node("b"), &1).await?;
    task.commit(()).await?;
    let database = place.database().await?;
    let pairs = KeyValue::<Bytes, u64>::new("edges");
    let texts = Graph::<String, u64>::new("edges");
    let refused = [
        database.task("app", 0).store(&pairs).open().await.err(),
        database.task("app", 0).store(&texts).open().await.err(),
        database.read("app", 0).await?.store(&pairs).await.err(),
    ];
    for error in refused {
        let Some(error) = error else { anyhow::bail!("a graph was opened as something else") };
        ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error}");
    }
    Ok(())
}

pub(crate) async fn an_undecodable_edge_stays(place: Place) -> Result<()> {
    let database = place.database().await?;
    // The same codec is recorded, the type is another one.
    let texts = Graph::<Bytes, String>::new("edges");
    let task = database.task("app", 0).store(&texts).open().await?;
    let (a, b) = (node("a"), node("b"));
    task.store(&texts)?.connect(&a, &b, &"secret".to_owned()).await?;
    task.commit(()).await?;
    let task = database.task("app", 0).store(&EDGES).open().await?;
    let edges = task.store(&EDGES)?;
    let refused = [
        edges.connect(&a, &b, &1).await.err(),
        edges.disconnect(&a, &b).await.err(),
        edges.neighbours(&b, Direction::In).try_next().await.err(),
    ];
    for error in refused {
        let Some(error) = error else { anyhow::bail!("a text was read as a number") };
        let message = error.to_string();
        ensure!(error.kind() == ErrorKind::Decode && message.starts_with("store edges: "));
        ensure!(!message.contains("secret"), "a value shows: {message}");
    }
    let raw = Graph::<Bytes, Bytes>::new("edges").values(Raw);
    let refused = database.task("app", 0).store(&raw).open().await.err();
    ensure!(refused.map(|error| error.kind()) == Some(ErrorKind::SchemaMismatch));
    Ok(())
}
