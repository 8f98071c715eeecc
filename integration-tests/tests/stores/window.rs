//! Window stores.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{TryStreamExt, future::try_join_all};
use integration_tests::Place;
use store::{codec::Raw, prelude::*};

use super::key_value::bytes;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

static COUNTS: Window<String, u64> = Window::new("windows", ms(10), ms(100)).segments(ms(30));
static JOINED: Window<String, u64> = Window::new("joined", ms(10), ms(100)).duplicates();
const FOREVER: Duration = ms(i64::MAX.unsigned_abs());
static ETERNAL: Window<Bytes, Bytes, Raw> = Window::new("eternal", FOREVER, FOREVER).values(Raw);

pub(crate) async fn the_boundary_is_the_same_for_reads_and_writes(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&COUNTS).open().await?;
    let windows = task.store(&COUNTS)?;
    let (a, b) = ("a".to_owned(), "b".to_owned());
    for start in [0, 1, 2] {
        ensure!(windows.put(&a, start, Some(&7)).await? == Written::Stored);
    }
    // Stream time 101: the window at 1 expires, the one at 2 lives one more millisecond.
    ensure!(windows.put(&b, 101, Some(&8)).await? == Written::Stored);
    for reopened in [false, true] {
        let task = match reopened {
            true => place.database().await?.task("app", 0).store(&COUNTS).open().await?,
            false => task.clone(),
        };
        let windows = task.store(&COUNTS)?;
        ensure!(windows.get(&a, 1).await?.is_none() && windows.get(&a, 2).await? == Some(7));
        for order in [Order::Forward, Order::Backward] {
            let found: Vec<_> = windows.fetch(&a, i64::MIN, i64::MAX, order).try_collect().await?;
            ensure!(found == [(2, 7)], "{found:?}");
            let all: Vec<_> = windows.all(order).try_collect().await?;
            ensure!(all.len() == 2, "{all:?}");
            let keys = windows.fetch_keys(Some(a.clone()), Some(a.clone()), 0, 2, order);
            ensure!(keys.try_collect::<Vec<_>>().await?.len() == 1);
        }
        let late = windows.late_records();
        ensure!(windows.put(&a, 1, Some(&9)).await? == Written::Late);
        ensure!(windows.update(&a, 1, |_| unreachable!()).await? == Written::Late);
        ensure!(windows.late_records() == late + 2);
        ensure!(windows.put(&a, 2, Some(&7)).await? == Written::Stored);
        task.commit(()).await?;
    }
    Ok(())
}

pub(crate) async fn a_put_without_value_moves_time(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&COUNTS).store(&JOINED).open().await?;
    let (windows, joined) = (task.store(&COUNTS)?, task.store(&JOINED)?);
    let a = "a".to_owned();
    for windows in [&windows, &joined] {
        windows.put(&a, 0, Some(&1)).await?;
        windows.put(&a, 100, None).await?;
        ensure!(windows.get(&a, 0).await?.is_none(), "it lives on");
        ensure!(windows.put(&a, 0, Some(&1)).await? == Written::Late);
    }
    Ok(())
}

pub(crate) async fn duplicates_keep_their_order(place: Place) -> Result<()> {
    let mut task = place.database().await?.task("app", 0).store(&JOINED).open().await?;
    let a = "a".to_owned();
    for value in 0..20 {
        let joined = task.store(&JOINED)?;
        joined.put(&a, 5, Some(&(value % 3))).await?;
        joined.put(&a, 5, None).await?;
        if value % 4 == 3 {
            task.commit(()).await?;
            task = place.database().await?.task("app", 0).store(&JOINED).open().await?;
        }
    }
    let joined = task.store(&JOINED)?;
    let values: Vec<u64> = (0..20).map(|value| value % 3).collect();
    let found: Vec<_> =
        joined.fetch(&a, 5, 5, Order::Forward).map_ok(|(_, v)| v).try_collect().await?;
    ensure!(found == values, "{found:?}");
    let mut found: Vec<_> =
        joined.fetch(&a, 0, 9, Order::Backward).map_ok(|(_, v)| v).try_collect().await?;
    found.reverse();
    ensure!(found == values, "backward {found:?}");
    ensure!(joined.get(&a, 5).await? == Some(0), "the first one put");
    Ok(())
}

pub(crate) async fn times_at_the_ends_of_i64(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&ETERNAL).open().await?;
    let windows = task.store(&ETERNAL)?;
    let put = async |key: &str, start| windows.put(&bytes(key), start, Some(&bytes("v"))).await;
    for (key, start) in [("a", 0), ("aa", 0), ("a", 1), ("aa", 1), ("a", i64::MAX - 1)] {
        ensure!(put(key, start).await? == Written::Stored);
    }
    let starts = async |key: &str| {
        let found = windows.fetch(&bytes(key), 0, i64::MAX, Order::Forward);
        found.map_ok(|(start, _)| start).try_collect::<Vec<_>>().await
    };
    ensure!(starts("a").await? == [0, 1, i64::MAX - 1]);
    ensure!(starts("aa").await? == [0, 1]);
    let ends = windows.all(Order::Backward).map_ok(|(window, _)| window.end);
    let ends: Vec<_> = ends.try_collect().await?;
    ensure!(ends[0] == i64::MAX, "the end of a window saturates");
    let negative = put("a", -1).await.err().map(|error| error.kind());
    ensure!(negative == Some(ErrorKind::InvalidArgument), "{negative:?}");
    ensure!(windows.get(&bytes("a"), -1).await?.is_none(), "a read may ask for any time");
    ensure!(put("a", i64::MAX).await? == Written::Stored);
    ensure!(put("a", 0).await? == Written::Late);
    ensure!(starts("aa").await? == [1]);
    Ok(())
}

pub(crate) async fn handlers_count_while_commits_run(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&COUNTS).open().await?;
    let windows = task.store(&COUNTS)?;
    let workers = (0..32_i64).map(|worker| {
        let windows = windows.clone();
        let work = async move {
            for n in 0..30 {
                let (key, start) = (((worker + n) % 3).to_string(), ((worker * n) % 5) * 10);
                windows.update(&key, start, |n| Some(n.unwrap_or(0) + 1)).await?;
            }
            Ok::<_, Error>(())
        };
        tokio::spawn(work)
    });
    let commits = async {
        for n in 0..10 {
            task.commit([("s", n)]).await?;
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    };
    let (done, committed) = futures::future::join(try_join_all(workers), commits).await;
    committed?;
    done?.into_iter().collect::<store::Result<Vec<()>>>()?;
    task.commit(()).await?;
    // A reader of somebody else's task sees the same windows.
    let reader = place.database().await?.read("app", 0).await?.store(&COUNTS).await?;
    let counts: Vec<u64> = reader.all(Order::Forward).map_ok(|(_, n)| n).try_collect().await?;
    ensure!(counts.iter().sum::<u64>() == 32 * 30, "{counts:?}");
    ensure!(reader.get(&"0".to_owned(), 0).await?.is_some());
    ensure!(reader.size_ms() == 10);
    Ok(())
}

pub(crate) async fn settings_that_make_no_sense_are_refused(place: Place) -> Result<()> {
    let database = place.database().await?;
    let message = async |window: Window<String, u64>| {
        let opened = database.task("app", 0).store(&window).open().await;
        let error = opened.err().filter(|error| error.kind() == ErrorKind::InvalidArgument);
        error.map_or_else(|| "it was taken".to_owned(), |error| error.to_string())
    };
    let short = message(Window::new("w", ms(10), ms(9))).await;
    ensure!(short.contains("at least as long as they last"), "{short}");
    let empty = message(Window::new("w", ms(0), ms(9))).await;
    ensure!(empty.contains("window size") && empty.contains("at least 1 ms"), "{empty}");
    let fraction = message(Window::new("w", Duration::from_micros(1500), ms(9))).await;
    ensure!(fraction.contains("whole milliseconds"), "{fraction}");
    let endless = message(Window::new("w", ms(1), Duration::MAX)).await;
    ensure!(endless.contains("retention") && endless.contains("whole milliseconds"), "{endless}");
    let many = message(Window::new("w", ms(1), ms(1000)).segments(ms(1))).await;
    ensure!(many.contains("at most 1000"), "{many}");
    let at_the_limit = Window::<String, u64>::new("w", ms(1), ms(999)).segments(ms(1));
    database.task("app", 0).store(&at_the_limit).open().await?.commit(()).await?;
    let other = Window::<String, u64>::new("w", ms(2), ms(999)).segments(ms(1));
    let mismatch = database.task("app", 0).store(&other).open().await.err();
    let mismatch = mismatch.map(|error| (error.kind(), error.to_string()));
    let Some((ErrorKind::SchemaMismatch, message)) = mismatch else {
        anyhow::bail!("another size was taken: {mismatch:?}");
    };
    ensure!(
        message.contains(r#""size_ms": "1""#) && message.contains(r#""size_ms": "2""#),
        "{message}"
    );
    Ok(())
}
