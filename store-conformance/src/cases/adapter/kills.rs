//! What keeps the state is killed while a commit is on its way (AD-42).

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, Result, ensure};
use store_core::backend::{Changes, Commit, MapId, TaskWriter};
use tokio::{task::JoinHandle, time::sleep};

use super::rivals::agrees;
use crate::{
    Context, Outcome,
    waist::{MAP, Model, Owner, all, key, puts, task},
};

const ROUNDS: u32 = 8;

/// Two maps, so that half a commit shows.
const MAPS: [MapId; 2] = [MAP, MapId::segment(2, 7)];

/// Enough entries that a kill finds a commit on its way.
fn model(round: u32) -> Model {
    (0..500_u32).map(|n| (key((n + round).to_be_bytes()), key(round.to_be_bytes()))).collect()
}

fn next(owner: &Owner, round: u32) -> Arc<Commit> {
    let changes: Changes = MAPS.iter().flat_map(|&map| puts(map, &model(round))).collect();
    owner.next(changes)
}

/// It is there whole or not at all, as its sender was told; sent again it counts once.
pub(crate) async fn a_commit_under_a_kill(context: Context) -> Result<Outcome> {
    let mut owner = Owner::claim(&context.backend().await?, &task(0)).await?;
    if !owner.reader().capabilities().persistent {
        return Ok(Outcome::NotApplicable("state goes with the process, as declared".to_owned()));
    }
    let mut before = Model::new();
    let begun = Instant::now();
    let commit = next(&owner, 0);
    owner.send(&commit).await?;
    before.extend(model(0));
    let took = begun.elapsed();
    for round in 1..=ROUNDS {
        let commit = next(&owner, round);
        let sends = sent(owner.claim.writer.clone(), &commit);
        // At another moment each time. Where it comes too early or too late all of this must hold too.
        sleep(took * (round - 1) / ROUNDS).await;
        if !context.place().kill().await? {
            let reason = "not tried: the place has no `kill`, what keeps the state lives on";
            return Ok(Outcome::NotApplicable(reason.to_owned()));
        }
        let mut told = sends.await?;
        if told.is_err() && round % 2 == 0 && context.place().handles_outlive_a_kill() {
            for _ in 0..20 {
                told = sent(owner.claim.writer.clone(), &commit).await?;
                if told.is_ok() {
                    break;
                }
            }
            ensure!(told.is_ok(), "round {round}: the handle from before never works again");
        }
        let claimed = Owner::claim(&context.backend().await?, &task(0)).await?;
        let (n, mine) = (claimed.checkpoint.sequence, commit.sequence());
        let when = || format!("round {round}, killed in commit {mine}, commit {n} is the last");
        ensure!(n == mine || n + 1 == mine, "{}", when());
        agrees(mine, &told, n).with_context(when)?;
        if n == mine {
            before.extend(model(round));
        }
        for map in MAPS {
            let found = all(claimed.reader(), map).await?;
            ensure!(found == before, "{}: {map} holds {} entries", when(), found.len());
        }
        owner = claimed;
    }
    Ok(Outcome::PassedBy(format!("{ROUNDS} kills in commits")))
}

/// A commit that goes its way by itself.
fn sent(writer: Arc<dyn TaskWriter>, commit: &Arc<Commit>) -> JoinHandle<store_core::Result<()>> {
    let commit = commit.clone();
    tokio::spawn(async move {
        writer.commit(&commit).await?;
        // What was decided stays so, and is for the next owner to apply.
        let _ = writer.apply().await;
        Ok(())
    })
}
