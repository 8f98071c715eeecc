//! Pages of scans, and commits larger than what a database takes at a time.

use anyhow::{Context as _, Result, ensure};
use store_core::backend::{KeyRange, MapChange, MapId, Order, PageLimit};

use crate::{
    Context,
    cases::tools::counts,
    waist::{MAP, Model, Owner, all, deletes, key, puts, scan, task},
};

/// A page ends with the entry that reaches its limit of bytes: its caller has no more memory for it.
pub(crate) async fn pages_stop_at_their_bytes(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model = (0..24_u8).map(|n| (key([n; 100]), key(vec![n; 50_000]))).collect();
    owner.put(MAP, &model).await?;
    for order in [Order::Forward, Order::Backward] {
        for bytes in [1, 50_100, 50_101, 300_000] {
            let limit = PageLimit::new(20, bytes);
            let page = owner.reader().scan(MAP, &KeyRange::ALL, order, limit).await?;
            let sizes = page.entries.iter().map(|(key, value)| key.len() + value.len());
            let before_last: usize = sizes.rev().skip(1).sum();
            ensure!(before_last < bytes, "{before_last} bytes and one more entry, of {bytes}");
            ensure!(page.resume.is_some(), "{page:?} says that it is the last");
            let found = scan(owner.reader(), MAP, KeyRange::ALL, order, limit).await?;
            ensure!(found.into_iter().collect::<Model>() == model, "{order:?} {bytes}");
        }
    }
    Ok(())
}

/// Around the numbers at which adapters cut what they send.
pub(crate) async fn commits_of_thousands_of_entries(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    for count in [1999, 2000, 2001, 4001, 8001_u32] {
        let model: Model =
            (0..count).map(|n| (key(n.to_be_bytes()), key(count.to_be_bytes()))).collect();
        owner.put(MAP, &model).await?;
        ensure!(all(owner.reader(), MAP).await? == model, "{count} puts");
        let kept: Model = model.iter().take(1).map(|(k, v)| (k.clone(), v.clone())).collect();
        let commit = owner.next(deletes(MAP, model.into_keys().skip(1)));
        owner.send(&commit).await?;
        ensure!(all(owner.reader(), MAP).await? == kept, "{count} deletes");
    }
    Ok(())
}

pub(crate) async fn lengths_are_counted(context: Context) -> Result<()> {
    let backend = context.backend().await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model: Model = (0..300_u32).map(|n| (key(n.to_be_bytes()), key(""))).collect();
    owner.put(MAP, &model).await?;
    let mut changes = puts(MAP, &[(key(7_u32.to_be_bytes()), key("again"))].into());
    changes.extend(puts(MapId::whole(2), &[(key("x"), key(""))].into()));
    let commit = owner.next(changes);
    owner.send(&commit).await?;
    let commit = owner.next(deletes(MAP, model.into_keys().take(100)));
    owner.send(&commit).await?;
    let exact = owner.reader().capabilities().exact_len;
    for backend in [backend, context.backend().await?] {
        let reader = backend.read(&task(0)).await?;
        for reader in [owner.reader(), &*reader] {
            let length = reader.approximate_len(MAP).await?;
            counts(exact, length, 200, 401).context("300 puts, one over another, 100 deletes")?;
            let length = reader.approximate_len(MapId::whole(2)).await?;
            counts(exact, length, 1, 1).context("one put")?;
        }
    }
    ensure!(owner.reader().approximate_len(MapId::whole(9)).await? == 0, "an absent map");
    dropped_and_destroyed_entries_do_not_count(&context, owner).await
}

/// A counter that is kept beside the entries must follow whatever takes them, and commits that come twice.
async fn dropped_and_destroyed_entries_do_not_count(
    context: &Context,
    mut owner: Owner,
) -> Result<()> {
    let exact = owner.reader().capabilities().exact_len;
    let segment = MapId::segment(2, 7);
    let model: Model = (0..50_u8).map(|n| (key([n]), key(""))).collect();
    let commit = owner.next(puts(segment, &model));
    for _ in 0..3 {
        owner.send(&commit).await?;
    }
    let length = owner.reader().approximate_len(segment).await?;
    counts(exact, length, 50, 50).context("50 puts in a commit that was sent three times")?;
    let commit = owner.next([(segment, MapChange::Drop)].into());
    owner.send(&commit).await?;
    let length = owner.reader().approximate_len(segment).await?;
    counts(exact, length, 0, 50).context("50 puts, then dropped")?;
    let backend = context.backend().await?;
    backend.destroy(&task(0)).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model).await?;
    let length = owner.reader().approximate_len(MAP).await?;
    // What the life before left may be there for a while where it is not exact.
    counts(exact, length, 50, 50 + 401).context("50 puts after a destroy")
}
