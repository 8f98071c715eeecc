//! Metrics around a backend (Y03).

use std::{collections::BTreeMap, future::poll_fn, pin::pin};

use anyhow::{Result, ensure};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use store_core::layers::{CallKind, Fault, Faults, Metrics};

use super::wrapped::retry;
use crate::{
    Context,
    cases::tools::{RAW, bytes, open_on, put},
};

/// Calls that are counted: where, which, how they ended.
type Counted = BTreeMap<[String; 3], u64>;

/// Inside of a retry each attempt counts, outside of it each call once, with the same labels.
pub(crate) async fn each_call_counts_once(context: Context) -> Result<()> {
    let recorder = DebuggingRecorder::new();
    let mut work = pin!(work(&context));
    poll_fn(|waker| metrics::with_local_recorder(&recorder, || work.as_mut().poll(waker))).await?;
    let counted = counted(&recorder.snapshotter())?;
    let count = |place: &str, call: &str, outcome: &str| {
        counted.get(&[place, call, outcome].map(str::to_owned)).copied().unwrap_or(0)
    };
    for (call, outcome, outside, inside) in [
        ("claim", "ok", 1, 1),
        ("commit", "ok", 2, 2),
        ("commit", "Timeout", 0, 2),
        ("commit", "Throttled", 0, 1),
        ("get_many", "ok", 1, 1),
        ("read", "NotFound", 2, 2),
    ] {
        let found = [count("outside", call, outcome), count("inside", call, outcome)];
        ensure!(found == [outside, inside], "{call}, {outcome}: {found:?} of {counted:?}");
    }
    let outside: u64 =
        counted.iter().filter(|(labels, _)| labels[0] == "outside").map(|(_, n)| n).sum();
    let called: u64 = counted
        .iter()
        .filter(|(labels, _)| labels[0] == "inside" && !labels[2].starts_with('T'))
        .map(|(_, n)| n)
        .sum();
    ensure!(outside == called, "{outside} calls outside, {called} inside: {counted:?}");
    Ok(())
}

async fn work(context: &Context) -> Result<()> {
    let line = Faults::none();
    let database = context.database().await?.layer(line.clone());
    let database = database.layer(Metrics::new().with_label("place", "inside"));
    let database = database.layer(retry());
    let database = database.layer(Metrics::new().with_label("place", "outside"));
    let (task, store) = open_on(&database).await?;
    put(&store, &[("k", "v")]).await?;
    line.on(&[CallKind::Commit], [Fault::LostReply, Fault::Refused, Fault::LostRequest]);
    task.commit(()).await?;
    task.commit(()).await?;
    let reader = database.read("app", 0).await?.store(&RAW).await?;
    ensure!(reader.get(&bytes("k")).await? == Some(bytes("v")));
    ensure!(database.read("app", 1).await.is_err());
    Ok(())
}

fn counted(snapshotter: &Snapshotter) -> Result<Counted> {
    let mut counted = Counted::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let DebugValue::Counter(count) = value else { continue };
        if key.key().name() != "store_calls_total" {
            continue;
        }
        let labels: BTreeMap<_, _> =
            key.key().labels().map(|label| (label.key(), label.value().to_owned())).collect();
        // A backend under test may be measured already.
        if !labels.contains_key("place") {
            continue;
        }
        ensure!(labels.keys().eq(&["call", "outcome", "place"]), "other labels: {labels:?}");
        counted.insert(["place", "call", "outcome"].map(|name| labels[name].clone()), count);
    }
    Ok(counted)
}
