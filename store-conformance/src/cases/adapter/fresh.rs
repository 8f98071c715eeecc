//! Nobody sees less than what was acknowledged.

use std::collections::BTreeSet;

use crate::Context;
use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::future::{join, join3, try_join, try_join3};
use store_core::backend::{KeyRange, MapChange, MapId, Order, PageLimit, TaskReader};
use tokio::task::yield_now;

use super::{holds, model};
use crate::{
    Outcome,
    waist::{MAP, Model, Owner, all, deletes, key, puts, scan_pages, task},
};

const SEGMENT: MapId = MapId::segment(2, 7);

/// The value of the key in both maps, by a read and by a scan.
async fn seen(reader: &dyn TaskReader) -> Result<[Option<Bytes>; 2]> {
    let maps = [MAP, SEGMENT];
    let found = reader.get_many(&maps.map(|map| (map, key("key")))).await?;
    for (map, found) in maps.iter().zip(&found) {
        let scanned = all(reader, *map).await?;
        ensure!(scanned.get(&key("key")) == found.as_ref(), "a scan says otherwise than a read");
    }
    Ok([found[0].clone(), found[1].clone()])
}

/// Whoever reads: absent, there, overwritten, deleted, dropped.
async fn follows(context: Context, by_owner: bool) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let reader = context.backend().await?.read(&task(0)).await?;
    let absent = [None, None];
    let seen = async |owner: &Owner| {
        let reader = if by_owner { owner.reader() } else { &*reader };
        let sequence = reader.checkpoint().await?.sequence;
        let expected = owner.checkpoint.sequence;
        ensure!(sequence == expected, "commit {expected} is acknowledged and {sequence} is seen");
        seen(reader).await
    };
    // An acknowledged commit shows to the owner once it is applied, to others at once.
    let send = async |owner: &mut Owner, changes| {
        let commit = owner.next(changes);
        owner.claim.writer.commit(&commit).await?;
        owner.checkpoint = commit.checkpoint().clone();
        let early = if by_owner { None } else { Some(seen(owner).await?) };
        owner.claim.writer.apply().await?;
        let found = seen(owner).await?;
        ensure!(early.is_none_or(|early| early == found), "others see it only once it is applied");
        anyhow::Ok(found)
    };
    ensure!(seen(&owner).await? == absent, "there before the first commit");
    for value in ["1", "2"] {
        let mut changes = puts(MAP, &model(value));
        changes.extend(puts(SEGMENT, &model(value)));
        let found = send(&mut owner, changes).await?;
        ensure!(
            found == [Some(key(value)), Some(key(value))],
            "{value} was put in a map and a segment: {found:?}"
        );
    }
    let mut changes = deletes(MAP, [key("key")]);
    changes.insert(SEGMENT, MapChange::Drop);
    let found = send(&mut owner, changes).await?;
    ensure!(found == absent, "a key was deleted, a segment with one dropped: {found:?}");
    Ok(())
}

pub(crate) async fn the_owner_sees_each_commit(context: Context) -> Result<()> {
    follows(context, true).await
}

pub(crate) async fn an_open_reader_sees_each_commit(context: Context) -> Result<()> {
    follows(context, false).await
}

/// A read that meets a commit may be old; one that begins after it may not.
pub(crate) async fn an_old_read_does_not_stay(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    for round in 0..60_u32 {
        let name = key((round / 4).to_be_bytes());
        let value = key(round.to_be_bytes());
        let commit = owner.next(puts(MAP, &[(name.clone(), value.clone())].into()));
        let asked = [(MAP, name)];
        let writer = owner.claim.writer.clone();
        let (read, sent) = join(writer.get_many(&asked), owner.send(&commit)).await;
        read?;
        sent?;
        let found = owner.reader().get_many(&asked).await?;
        ensure!(
            found == [Some(value)],
            "round {round}: an older value, after the commit: {found:?}"
        );
    }
    Ok(())
}

/// All entries of a map; each page must be of one commit, whose number all its values are.
async fn whole_pages(reader: &dyn TaskReader) -> Result<Model> {
    let (range, limit) = (KeyRange::ALL, PageLimit::default());
    let found = scan_pages(reader, MAP, range, Order::Forward, limit, |page| {
        let values: BTreeSet<_> = page.entries.iter().map(|(_, value)| value).collect();
        ensure!(values.len() <= 1, "a page is of {} commits", values.len());
        Ok(())
    });
    Ok(found.await?.into_iter().collect())
}

/// Values of many keys, which must be of one commit.
async fn whole_read(reader: &dyn TaskReader, keys: &[(MapId, Bytes)]) -> Result<()> {
    let values: BTreeSet<_> = reader.get_many(keys).await?.into_iter().collect();
    ensure!(values.len() == 1, "one read of {} keys is of {} commits", keys.len(), values.len());
    Ok(())
}

/// More than an adapter may gather a page from, and less than a page may hold.
const ROWS: u32 = 600;

/// Keys that are there before and after a commit are there while it is on its way, in answers that are of one commit each.
pub(crate) async fn a_scan_beside_a_commit_has_no_hole(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let numbered = |n: u32| -> Model {
        (0..ROWS).map(|at| (key(at.to_be_bytes()), key(n.to_be_bytes()))).collect()
    };
    owner.put(MAP, &numbered(0)).await?;
    let keys: Vec<_> = numbered(0).into_keys().map(|key| (MAP, key)).collect();
    let reader = backend.read(&task(0)).await?;
    let other = context.backend().await?.read(&task(0)).await?;
    for round in 1..40 {
        let model = numbered(round);
        let commit = owner.next(puts(MAP, &model));
        let writer = owner.claim.writer.clone();
        // Until it has applied a commit, the owner lays it over what it reads.
        let scans = try_join3(all(&*writer, MAP), whole_pages(&*reader), whole_pages(&*other));
        let reads = try_join(whole_read(&*reader, &keys), whole_read(&*other, &keys));
        // Comes at another moment each time.
        let sends = async {
            for _ in 0..round % 8 {
                yield_now().await;
            }
            owner.send(&commit).await
        };
        let (sent, scans, read) = join3(sends, scans, reads).await;
        sent?;
        read?;
        let (by_owner, by_reader, by_other) = scans?;
        for (found, by) in [
            (by_owner, "the owner"),
            (by_reader, "a reader"),
            (by_other, "a reader by another handle"),
        ] {
            ensure!(found.keys().eq(model.keys()), "round {round}: {} for {by}", found.len());
        }
    }
    Ok(())
}

pub(crate) async fn acknowledged_commits_survive_a_kill(context: Context) -> Result<Outcome> {
    let mut owner = Owner::claim(&context.backend().await?, &task(0)).await?;
    if !owner.reader().capabilities().persistent {
        return Ok(Outcome::NotApplicable("state goes with the process, as declared".to_owned()));
    }
    for round in 0..KILLS {
        owner.put(MAP, &model(&round.to_string())).await?;
        drop(owner);
        if !context.place().kill().await? {
            let reason = "not tried: the place has no `kill`, what keeps the state lives on";
            return Ok(Outcome::NotApplicable(reason.to_owned()));
        }
        owner = Owner::claim(&context.backend().await?, &task(0)).await?;
        ensure!(owner.checkpoint.sequence == round + 1, "commit {} is lost", round + 1);
        let when = format!("commit {} was acknowledged, then a kill", round + 1);
        holds(owner.reader(), MAP, &model(&round.to_string()), &when).await?;
    }
    Ok(Outcome::PassedBy(format!("{KILLS} kills")))
}

/// How often it is killed.
const KILLS: u64 = 3;
