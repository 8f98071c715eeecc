//! Session stores.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::{TryStreamExt, future::try_join_all};
use integration_tests::Place;
use store::prelude::*;

static VISITS: Session<String, Vec<u64>> = Session::new("visits", Duration::from_millis(100));
const AT: fn(i64, i64) -> SessionWindow = SessionWindow::new;

pub(crate) async fn the_boundary_is_the_same_for_reads_and_writes(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&VISITS).open().await?;
    let visits = task.store(&VISITS)?;
    let (a, b) = ("a".to_owned(), "b".to_owned());
    for session in [AT(0, 1), AT(0, 2)] {
        ensure!(visits.put(&a, session, Some(&vec![])).await? == Written::Stored);
    }
    // Stream time 101: what ended at 1 expires, what ended at 2 lives one more millisecond.
    visits.put(&b, AT(101, 101), Some(&vec![1])).await?;
    task.commit(()).await?;
    let task = place.database().await?.task("app", 0).store(&VISITS).open().await?;
    let visits = task.store(&VISITS)?;
    ensure!(visits.get(&a, AT(0, 1)).await?.is_none());
    ensure!(visits.get(&a, AT(0, 2)).await?.is_some());
    for order in [Order::Forward, Order::Backward] {
        let found: Vec<_> = visits.fetch(&a, order).map_ok(|(at, _)| at).try_collect().await?;
        ensure!(found == [AT(0, 2)], "{found:?}");
    }
    ensure!(visits.put(&a, AT(0, 1), Some(&vec![])).await? == Written::Late);
    ensure!(visits.merge(&b, AT(0, 1), 0, |_| unreachable!()).await? == Written::Late);
    ensure!(visits.late_records() == 2);
    // It is no event: it is neither late, nor does it move time.
    visits.remove(&a, AT(0, 1)).await?;
    visits.remove(&a, AT(500, 900)).await?;
    ensure!(visits.late_records() == 2 && visits.get(&a, AT(0, 2)).await?.is_some());
    visits.put(&a, AT(900, 900), None).await?;
    ensure!(visits.get(&a, AT(0, 2)).await?.is_none(), "a put without value moves time");
    Ok(())
}

pub(crate) async fn sessions_that_are_none_are_refused(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&VISITS).open().await?;
    let visits = task.store(&VISITS)?;
    let a = "a".to_owned();
    for session in [AT(-1, 5), AT(6, 5)] {
        let refused = [
            visits.put(&a, session, Some(&vec![])).await.err(),
            visits.remove(&a, session).await.err(),
            visits.merge(&a, session, 1, |_| vec![]).await.err(),
        ];
        for error in refused {
            let kind = error.map(|error| error.kind());
            ensure!(kind == Some(ErrorKind::InvalidArgument), "{session:?}: {kind:?}");
        }
        ensure!(visits.get(&a, session).await?.is_none());
    }
    visits.put(&a, AT(0, i64::MAX), Some(&vec![1])).await?;
    ensure!(visits.put(&a, AT(0, 0), Some(&vec![1])).await? == Written::Late);
    let covering: Vec<_> = visits.find(&a, 9000, 4000, Order::Forward).try_collect().await?;
    ensure!(covering == [(AT(0, i64::MAX), vec![1])]);
    Ok(())
}

pub(crate) async fn merges_from_many_handlers_lose_nothing(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&VISITS).open().await?;
    let visits = task.store(&VISITS)?;
    let handlers = (0..60_u64).map(|n| {
        let visits = visits.clone();
        tokio::spawn(async move {
            // Three groups of twenty, a millisecond apart inside, sixteen between.
            let time = (n % 20 + n / 20 * 35).cast_signed();
            let join = move |found: Vec<(SessionWindow, Vec<u64>)>| {
                let mut all: Vec<u64> = found.into_iter().flat_map(|(_, events)| events).collect();
                all.push(n);
                all
            };
            visits.merge(&"a".to_owned(), AT(time, time), 10, join).await
        })
    });
    for written in try_join_all(handlers).await? {
        ensure!(written? == Written::Stored);
    }
    task.commit(()).await?;
    let reader = place.database().await?.read("app", 0).await?.store(&VISITS).await?;
    let sessions: Vec<_> = reader.all(Order::Forward).try_collect().await?;
    let found: Vec<_> = sessions.into_iter().map(|(_, at, events)| (at, events.len())).collect();
    ensure!(found == [(AT(0, 19), 20), (AT(35, 54), 20), (AT(70, 89), 20)], "{found:?}");
    Ok(())
}
