//! A crash at every call to the backend, before and after it has acted: what belongs together is there or not, together.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use store_core::{layers::CutOff, prelude::*};

use crate::Context;

const LONG: Duration = Duration::from_secs(1);

static EVENTS: KeyValue<String, i64> = KeyValue::new("events");
static WINDOWS: Window<String, i64> =
    Window::new("windows", Duration::from_millis(10), LONG).segments(Duration::from_millis(20));
static SESSIONS: Session<String, i64> =
    Session::new("sessions", LONG).segments(Duration::from_millis(20));
static VERSIONS: VersionedKeyValue<String, i64> =
    VersionedKeyValue::new("versions", LONG).segments(Duration::from_millis(20));

fn key() -> String {
    "k".to_owned()
}

/// The times of events, out of order: each merges sessions or splits versions of those before.
const TIMES: [i64; 9] = [0, 40, 20, 10, 30, 100, 25, 60, 80];
const GAP: i64 = 12;

async fn open(database: &Database) -> store_core::Result<Task> {
    let task = database.task("app", 0).store(&EVENTS).store(&WINDOWS);
    task.store(&SESSIONS).store(&VERSIONS).open().await
}

/// How many events are committed.
fn committed(task: &Task) -> store_core::Result<i64> {
    Ok(task.checkpoint()?.offsets.get("events").copied().unwrap_or(0))
}

/// Processes all events that are not committed yet, a commit for each.
async fn work(database: &Database) -> store_core::Result<()> {
    let task = open(database).await?;
    let done = committed(&task)?;
    for (position, time) in (1..).zip(TIMES).skip_while(|(position, _)| *position <= done) {
        let key = key();
        task.store(&EVENTS)?.update(&key, |n| Some(n.unwrap_or(0) + 1)).await?;
        let windows = task.store(&WINDOWS)?;
        windows.update(&key, windows.window_of(time), |n| Some(n.unwrap_or(0) + 1)).await?;
        let count = |found: Vec<(_, i64)>| 1 + found.iter().map(|(_, n)| n).sum::<i64>();
        task.store(&SESSIONS)?.merge(&key, SessionWindow::new(time, time), GAP, count).await?;
        task.store(&VERSIONS)?.put(&key, Some(&position), time).await?;
        task.commit([("events", position)]).await?;
    }
    Ok(())
}

/// What the stores must hold after so many events.
async fn check(task: &Task) -> Result<i64> {
    let done = committed(task)?;
    let events = (1_i64..).zip(TIMES);
    let mut times: Vec<_> = events.take_while(|(position, _)| *position <= done).collect();
    let key = key();
    let counted = task.store(&EVENTS)?.get(&key).await?.unwrap_or(0);
    ensure!(counted == done, "{counted} events counted of {done}");
    let windows = task.store(&WINDOWS)?.all(Order::Forward).map_ok(|(_, n)| n);
    let counted: i64 = windows.try_fold(0, async |sum, n| Ok(sum + n)).await?;
    ensure!(counted == done, "{counted} events in windows of {done}");
    times.sort_by_key(|(_, time)| *time);
    let history = task.store(&VERSIONS)?.history(&key, -1, 1000, Order::Forward);
    let history: Vec<_> = history.map_ok(|v| (v.value, v.time, v.valid_to)).try_collect().await?;
    let ends = times.iter().skip(1).map(|(_, time)| Some(*time)).chain([None]);
    let versions: Vec<_> =
        times.iter().zip(ends).map(|((n, time), end)| (*n, *time, end)).collect();
    ensure!(history == versions, "{history:?} of {versions:?}");
    let mut expected: Vec<(SessionWindow, i64)> = Vec::new();
    for (_, time) in times {
        match expected.last_mut().filter(|(session, _)| time - session.end <= GAP) {
            Some((session, n)) => (session.end, *n) = (time, *n + 1),
            None => expected.push((SessionWindow::new(time, time), 1)),
        }
    }
    let found: Vec<_> = task.store(&SESSIONS)?.fetch(&key, Order::Forward).try_collect().await?;
    ensure!(found == expected, "{found:?} of {expected:?}");
    Ok(done)
}

pub(crate) async fn at_any_call(context: Context) -> Result<()> {
    let mut crashes = 0;
    let mut done = 0;
    // One run may take the whole way: then there are no further calls to be cut off at.
    for half_calls in 0.. {
        let cut_off = CutOff::after(half_calls % 40);
        let database = context.database().await?.layer(cut_off.clone());
        tokio::select! {
            biased;
            () = cut_off.cut() => crashes += 1,
            worked = work(&database) => worked?,
        }
        drop(database);
        let task = open(&context.database().await?).await?;
        let now = check(&task).await?;
        ensure!(now >= done, "{done} events were committed, {now} are left");
        done = now;
        if done == 9 && half_calls > 100 {
            break;
        }
    }
    ensure!(crashes > 30, "only {crashes} crashes");
    Ok(())
}
