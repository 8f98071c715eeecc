//! Commits, and who sees them.

use anyhow::{Result, ensure};
use integration_tests::Place;
use store::prelude::*;

use super::model::{EDGES, Model, NODES, node, open, same};

fn one(from: &'static str, to: &'static str, edge: u64) -> Model {
    Model([((node(from), node(to)), edge)].into())
}

pub(crate) async fn a_rollback_takes_both_directions_back(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    let (a, b) = (node("a"), node("\0"));
    edges.connect(&a, &b, &1).await?;
    task.commit(()).await?;
    edges.connect(&a, &b, &2).await?;
    edges.connect(&b, &a, &3).await?;
    task.rollback().await?;
    same(&Model::of(&*edges, &NODES).await?, &one("a", "\0", 1))?;
    edges.remove_node(&b).await?;
    same(&Model::of(&*edges, &NODES).await?, &Model::default())?;
    task.rollback().await?;
    same(&Model::of(&*edges, &NODES).await?, &one("a", "\0", 1))
}

pub(crate) async fn a_commit_is_there_after_reopening(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    edges.connect(&node("a"), &node("\0"), &1).await?;
    task.commit([("s", 1)]).await?;
    edges.connect(&node("a"), &node(""), &2).await?;
    task.close().await?;
    let error = edges.connect(&node("a"), &node(""), &2).await.err().map(|error| error.kind());
    ensure!(error == Some(ErrorKind::Closed), "{error:?}");
    drop((task, edges));
    let (task, edges) = open(&place).await?;
    same(&Model::of(&*edges, &NODES).await?, &one("a", "\0", 1))?;
    ensure!(task.checkpoint()?.offsets["s"] == 1);
    Ok(())
}

pub(crate) async fn a_take_over_fences(place: Place) -> Result<()> {
    let (old, old_edges) = open(&place).await?;
    old_edges.connect(&node("a"), &node("\0"), &1).await?;
    old.commit(()).await?;
    old_edges.remove_node(&node("a")).await?;
    let (new, edges) = open(&place).await?;
    let error = old.commit(()).await.err().map(|error| error.kind());
    ensure!(error == Some(ErrorKind::Fenced), "{error:?}");
    same(&Model::of(&*edges, &NODES).await?, &one("a", "\0", 1))?;
    let error = old_edges.connect(&node("a"), &node("a"), &1).await.err();
    ensure!(error.map(|error| error.kind()) == Some(ErrorKind::Fenced));
    edges.connect(&node("a"), &node("\0"), &2).await?;
    new.commit(()).await?;
    same(&Model::of(&*edges, &NODES).await?, &one("a", "\0", 2))
}

pub(crate) async fn readers_see_whole_commits(place: Place) -> Result<()> {
    let (task, edges) = open(&place).await?;
    let (a, b, c) = (node("a"), node("\0"), node(""));
    edges.connect(&a, &b, &1).await?;
    task.commit(()).await?;
    let read = place.database().await?.read("app", 0).await?;
    let reader = read.store(&EDGES).await?;
    edges.connect(&b, &c, &2).await?;
    same(&Model::of(&*reader, &NODES).await?, &one("a", "\0", 1))?;
    same(&reader.reachable(&a, 5, 5).await?.nodes, &vec![(a.clone(), 0), (b.clone(), 1)])?;
    task.commit(()).await?;
    same(&Model::of(&*reader, &NODES).await?, &Model::of(&*edges, &NODES).await?)?;
    same(&reader.reachable(&a, 5, 5).await?, &edges.reachable(&a, 5, 5).await?)?;
    ensure!(reader.edge(&b, &c).await? == Some(2) && reader.name() == "edges");
    edges.remove_node(&b).await?;
    task.commit(()).await?;
    same(&Model::of(&*reader, &NODES).await?, &Model::default())
}
