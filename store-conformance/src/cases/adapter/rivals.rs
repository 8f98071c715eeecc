//! Owners that meet: a claim by one handle beside the commits by another (AD-41).

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result, bail, ensure};
use store_core::{
    Effect, Error, ErrorKind,
    backend::{Backend, Changes, Commit, MapId, TaskReader},
};
use tokio::sync::Barrier;

use super::refused;
use crate::{
    Context,
    waist::{MAP, Model, Owner, all, key, puts, task},
};

/// How many commits an owner sends in a row while a rival claims.
const COMMITS: u64 = 3;

/// The claim tells which commits came before it: these are there and no other, now and later, and the owner was told so.
pub(crate) async fn a_commit_meets_a_claim(context: Context) -> Result<()> {
    let handles = [context.backend().await?, context.backend().await?];
    let mut owner = Owner::claim(&handles[0], &task(0)).await?;
    // What costs nothing is tried more often.
    let rounds = if owner.reader().capabilities().persistent { 48 } else { 200 };
    let mut before = Model::new();
    for round in 0..rounds {
        let (mine, others) = (&handles[round % 2], &handles[(round + 1) % 2]);
        let steps = steps(before, round, owner.checkpoint.sequence);
        let reader = others.read(&task(0)).await?;
        // From here on nothing fails before both have come.
        let start = Arc::new(Barrier::new(2));
        let sends = tokio::spawn(send_all(owner, steps.clone(), start.clone()));
        let claims = tokio::spawn(claim(others.clone(), reader, round % 4, start));
        let (sent, claimed) = (sends.await?, claims.await?);
        let met = async {
            let (old, sent) = sent?;
            let (new, first_seen) = claimed?;
            let n = new.checkpoint.sequence;
            let expected = steps.get(&n).with_context(|| format!("nobody sent commit {n}"))?;
            let holds = |seen: &Seen, when: &str| {
                ensure!(seen.sequence == n, "{when} the task is at commit {}", seen.sequence);
                ensure!(seen.maps.iter().all(|map| map == expected), "{when} it holds {seen:?}");
                Ok(())
            };
            let claimed = format!("the claim was given commit {n}:");
            holds(&first_seen, &claimed)?;
            for (commit, told) in &sent {
                agrees(commit.sequence(), told, n).context(claimed.clone())?;
            }
            // What was refused comes once more, or what follows the last acknowledged one.
            let late = match sent.last() {
                Some((refused, Err(_))) => refused.clone(),
                _ => old.next(puts(MAP, &[(key("last"), key("zombie"))].into())),
            };
            let told = old.claim.writer.commit(&late).await;
            refused(told, ErrorKind::Fenced, "a commit after the claim")?;
            let reader = mine.read(&task(0)).await?;
            for reader in [new.reader(), &*reader] {
                holds(&seen(reader).await?, &format!("{claimed} once the old owner has ended"))?;
            }
            anyhow::Ok((new, expected.clone()))
        };
        (owner, before) = met.await.with_context(|| format!("round {round}"))?;
    }
    Ok(())
}

/// What a task holds after each commit of a round, by its number, and before the first. A few keys take turns.
fn steps(before: Model, round: usize, sequence: u64) -> BTreeMap<u64, Model> {
    let mut steps: BTreeMap<_, _> = [(sequence, before)].into();
    for next in sequence + 1..=sequence + COMMITS {
        let mut model = steps[&(next - 1)].clone();
        for name in ["last".to_owned(), (next % 16).to_string()] {
            model.insert(key(name), key(format!("{next} of round {round}")));
        }
        steps.insert(next, model);
    }
    steps
}

/// Two maps, so that half a commit shows.
const MAPS: [MapId; 2] = [MAP, MapId::segment(2, 7)];

/// Each commit that was sent, and what its sender was told.
type Sent = Vec<(Arc<Commit>, Result<(), Error>)>;

/// Commits step by step, until one is refused.
async fn send_all(
    mut owner: Owner,
    steps: BTreeMap<u64, Model>,
    start: Arc<Barrier>,
) -> Result<(Owner, Sent)> {
    let mut sent = Sent::new();
    start.wait().await;
    for model in steps.values().skip(1) {
        let changes: Changes = MAPS.iter().flat_map(|&map| puts(map, model)).collect();
        let commit = owner.next(changes);
        let told = owner.claim.writer.commit(&commit).await;
        let refused = told.is_err();
        sent.push((commit.clone(), told));
        if refused {
            break;
        }
        owner.checkpoint = commit.checkpoint().clone();
        match owner.claim.writer.apply().await {
            Ok(()) => {}
            // What was decided stays so, and is for the later owner to apply.
            Err(error) if error.kind() == ErrorKind::Fenced => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok((owner, sent))
}

/// Claims after some other calls, so that it meets the commits at each of their steps; and what is there then.
async fn claim(
    backend: Arc<dyn Backend>,
    reader: Arc<dyn TaskReader>,
    calls: usize,
    start: Arc<Barrier>,
) -> Result<(Owner, Seen)> {
    start.wait().await;
    for _ in 0..calls {
        reader.checkpoint().await?;
        tokio::task::yield_now().await;
    }
    let owner = Owner::claim(&backend, &task(0)).await?;
    let seen = seen(owner.reader()).await?;
    Ok((owner, seen))
}

#[derive(Debug)]
struct Seen {
    sequence: u64,
    maps: [Model; 2],
}

async fn seen(reader: &dyn TaskReader) -> Result<Seen> {
    let maps = [all(reader, MAPS[0]).await?, all(reader, MAPS[1]).await?];
    Ok(Seen { sequence: reader.checkpoint().await?.sequence, maps })
}

/// What the sender of a commit was told agrees with a claim that found `n` commits.
pub(super) fn agrees(sequence: u64, told: &Result<(), Error>, n: u64) -> Result<()> {
    let there = sequence <= n;
    match told {
        Ok(()) => ensure!(there, "commit {sequence} was acknowledged"),
        Err(error) if error.kind() == ErrorKind::Fenced || error.is_retryable() => {
            let effect = error.effect();
            let denied = if there { Effect::NotApplied } else { Effect::Applied };
            ensure!(effect != denied, "commit {sequence} was {effect}: {error}");
        }
        Err(error) => bail!("commit {sequence}: {error}"),
    }
    Ok(())
}
