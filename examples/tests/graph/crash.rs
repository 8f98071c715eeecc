//! The death of the process at any of its calls.

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};
use integration_tests::Place;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::prelude::*;
use store_core::layers::CutOff;

use super::model::{EDGES, Edges, Model, NODES, number, open};

/// What is known of the state.
#[derive(Clone, Debug, Default)]
struct Known {
    committed: Model,
    /// What a commit of unknown outcome would make of it.
    sent: Option<Model>,
}

async fn change(edges: &Edges, model: &mut Model, random: &mut StdRng) -> Result<()> {
    let [from, to] = [(); 2].map(|()| &NODES[random.random_range(0..NODES.len())]);
    match random.random_range(0..10) {
        0 => {
            edges.remove_node(from).await?;
            model.remove_node(from);
        }
        1 | 2 => {
            edges.disconnect(from, to).await?;
            model.0.remove(&(from.clone(), to.clone()));
        }
        _ => {
            let edge = random.random_range(0..1000);
            edges.connect(from, to, &edge).await?;
            model.0.insert((from.clone(), to.clone()), edge);
        }
    }
    Ok(())
}

async fn work(database: &Database, known: &Mutex<Known>, random: &mut StdRng) -> Result<()> {
    let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
    let task = database.task("app", 0).store(&EDGES).open().await?;
    let edges = task.store(&EDGES)?;
    let mut model = known().committed.clone();
    loop {
        for _ in 0..6 {
            change(&edges, &mut model, random).await?;
        }
        known().sent = Some(model.clone());
        task.commit(()).await?;
        *known() = Known { committed: model.clone(), sent: None };
    }
}

pub(crate) async fn a_cut_leaves_whole_commits(place: Place) -> Result<()> {
    let seed = u64::from(number("SEED", 0));
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut start = Model::default();
    let (mut landed, mut lost) = (0, 0);
    for run in 0..number("RUNS", 60) {
        let known = Mutex::new(Known { committed: start, sent: None });
        {
            let cut_off = CutOff::after(random.random_range(0..120));
            let database = place.database().await?.layer(cut_off.clone());
            tokio::select! {
                biased;
                () = cut_off.cut() => {}
                ended = work(&database, &known, &mut random) => ended?,
            }
        }
        let known = known.into_inner()?;
        let (_task, edges) = open(&place).await?;
        let found = Model::of(&*edges, &NODES).await?;
        landed += u32::from(known.sent.as_ref() == Some(&found));
        lost += u32::from(known.sent.as_ref().is_some_and(|sent| *sent != found));
        let expected = found == known.committed || Some(&found) == known.sent.as_ref();
        ensure!(expected, "seed {seed}, run {run}: found {found:?}, known {known:?}");
        start = found;
    }
    ensure!(landed > 0 && lost > 0, "commits were cut on one side only: {landed} and {lost}");
    Ok(())
}
