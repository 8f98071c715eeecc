//! Layers, where the suite does not reach them.

use std::{
    future::{poll_fn, ready},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use store_core::{
    Database, Effect, EngineConfig, ErrorKind, KeyValue,
    layers::{CallKind, CutOff, Fault, Faults, Metrics, Odds, Retry, RetryConfig},
    memory::MemoryBackend,
};

static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

fn memory() -> Database {
    Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap()
}

fn retry(budget_ms: u64) -> Retry {
    let mut config = RetryConfig::default();
    config.retry_budget_ms = budget_ms;
    Retry::new(config, |_| ready(())).unwrap()
}

/// How a thousand claims end on a line of this seed.
async fn fates(seed: u64) -> Vec<Option<Effect>> {
    let database = memory().layer(Faults::seeded(seed, Odds::each(0.1)));
    let mut fates = Vec::new();
    for _ in 0..1000 {
        let opened = database.task("app", 0).open().await;
        fates.push(opened.err().map(|error| error.effect()));
    }
    fates
}

#[tokio::test]
async fn a_seed_gives_the_same_faults_again() {
    let fates_of_seven = fates(7).await;
    assert_eq!(fates_of_seven, fates(7).await);
    assert_ne!(fates_of_seven, fates(8).await);
    for effect in [None, Some(Effect::NotApplied), Some(Effect::Unknown)] {
        assert!(fates_of_seven.contains(&effect), "{effect:?}");
    }
}

#[tokio::test]
async fn the_odds_are_met() {
    let line = Faults::seeded(1, Odds::each(0.1));
    let database = memory().layer(line.clone());
    for _ in 0..1000 {
        let _ = database.tasks("app").await;
    }
    assert_eq!(line.calls(CallKind::Tasks), 1000);
    assert!((200..400).contains(&line.met()), "{} of 300 expected", line.met());
}

#[tokio::test]
async fn delays_let_others_go_first() {
    let database = memory().layer(Faults::seeded(1, Odds::delays(3)));
    let mut pending = 0;
    for _ in 0..100 {
        let mut call = pin!(database.tasks("app"));
        let polled = poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending()));
        pending += u32::from(polled.await);
    }
    assert!((50..100).contains(&pending), "{pending}");
}

#[tokio::test]
async fn a_budget_of_nothing_sends_once() {
    let line = Faults::none();
    let database = memory().layer(line.clone()).layer(retry(0));
    line.on(&[CallKind::Tasks], [Fault::LostReply]);
    let error = database.tasks("app").await.unwrap_err();
    assert_eq!((error.kind(), line.calls(CallKind::Tasks)), (ErrorKind::Timeout, 1));
    assert_eq!(error.to_string(), "an injected fault: no answer to tasks");
}

#[tokio::test]
async fn only_what_is_retryable_is_sent_again() {
    let line = Faults::none();
    let database = memory().layer(line.clone()).layer(retry(10_000));
    let error = database.read("app", 0).await.unwrap_err();
    assert_eq!((error.kind(), line.calls(CallKind::Read)), (ErrorKind::NotFound, 1));
}

#[tokio::test]
async fn a_read_that_is_sent_again_leaves_no_doubt() {
    let line = Faults::none();
    let database = memory().layer(line.clone()).layer(retry(10_000));
    line.on(&[CallKind::Read], [Fault::LostRequest]);
    let error = database.read("app", 0).await.unwrap_err();
    assert_eq!(line.calls(CallKind::Read), 2);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::NotFound, Effect::NotApplied));
}

/// Refused attempts leave no doubt; one that may have been decided does, also when the last one was not.
#[tokio::test]
async fn an_unknown_outcome_stays_unknown() {
    for (first, effect) in [
        (Fault::Refused, Effect::NotApplied),
        (Fault::LostRequest, Effect::Unknown),
        (Fault::LostReply, Effect::Unknown),
    ] {
        let line = Faults::none();
        let database = memory().layer(line.clone()).layer(retry(100));
        let task = database.task("app", 0).open().await.unwrap();
        line.commits([first]);
        line.commits([Fault::Refused; 1000]);
        let error = task.commit(()).await.unwrap_err();
        assert!(line.calls(CallKind::Commit) > 1);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Throttled, effect), "{first:?}");
    }
}

/// Fenced after an attempt that nobody answered: that one may have been decided before.
#[tokio::test]
async fn fenced_at_the_second_attempt_is_unknown() {
    let line = Faults::none();
    let database = memory();
    let task = database.clone().layer(line.clone()).layer(retry(10_000));
    let task = task.task("app", 0).open().await.unwrap();
    line.commits([Fault::LostRequest]);
    database.task("app", 0).open().await.unwrap();
    let error = task.commit(()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Fenced, Effect::Unknown));
}

#[tokio::test]
async fn a_destroy_that_lost_its_answer_is_done() {
    for fault in [Fault::LostReply, Fault::LostRequest, Fault::Refused] {
        let line = Faults::none();
        let database = memory().layer(line.clone()).layer(retry(10_000));
        let destroy = async || database.destroy("app", 0).await.map_err(|error| error.kind());
        line.on(&[CallKind::Destroy], [fault]);
        assert_eq!(destroy().await, Err(ErrorKind::NotFound), "{fault:?}: it never was");
        database.task("app", 0).open().await.unwrap();
        line.on(&[CallKind::Destroy], [fault]);
        assert_eq!(destroy().await, Ok(()), "{fault:?}");
        assert_eq!(destroy().await, Err(ErrorKind::NotFound), "{fault:?}: it is gone");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (first, longest) in [(0, 1000), (2000, 1000)] {
        let mut config = RetryConfig::default();
        (config.retry_first_pause_ms, config.retry_longest_pause_ms) = (first, longest);
        let error = Retry::new(config, |_| ready(())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

/// No pause is longer than its bound, which doubles up to the longest, and pauses differ.
#[tokio::test]
async fn pauses_double_up_to_the_longest_and_differ() {
    let pauses = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut config = RetryConfig::default();
    (config.retry_first_pause_ms, config.retry_longest_pause_ms) = (10, 100);
    let seen = pauses.clone();
    let retry = Retry::new(config, move |pause: Duration| {
        seen.lock().unwrap().push(pause);
        ready(())
    });
    let line = Faults::none();
    let database = memory().layer(line.clone()).layer(retry.unwrap());
    line.on(&[CallKind::Tasks], [Fault::Refused; 100]);
    database.tasks("app").await.unwrap();
    let pauses = pauses.lock().unwrap().clone();
    assert_eq!(pauses.len(), 100);
    for (pause, bound) in pauses.iter().zip([10, 20, 40, 80].into_iter().chain([100; 96])) {
        assert!(*pause <= Duration::from_millis(bound), "{pause:?} above {bound} ms");
    }
    let long = pauses.iter().filter(|pause| **pause > Duration::from_millis(50)).count();
    assert!((20..80).contains(&long), "{long} of about 48 are in the upper half");
}

#[tokio::test]
async fn calls_on_a_line_that_is_cut_never_return() {
    let line = CutOff::after(1);
    let database = memory().layer(line.clone());
    let mut call = pin!(database.tasks("app"));
    tokio::select! {
        biased;
        _ = &mut call => panic!("it returned"),
        () = line.cut() => {}
    }
}

/// What a commit and its reads carry, in the names and labels that are documented.
#[test]
fn metrics_have_the_documented_names_and_sizes() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    let work = async {
        let database = memory().layer(Metrics::new());
        let task = database.task("app", 0).store(&COUNTS).open().await.unwrap();
        let counts = task.store(&COUNTS).unwrap();
        counts.put(&"ab".to_owned(), &7).await.unwrap();
        counts.put(&"c".to_owned(), &12).await.unwrap();
        task.commit(()).await.unwrap();
        let mut dropped = Box::pin(database.tasks("app"));
        drop(poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context))).await);
        let reader = database.read("app", 0).await.unwrap().store(&COUNTS).await.unwrap();
        let keys = ["ab", "none"].map(str::to_owned);
        assert_eq!(reader.get_many(&keys).await.unwrap(), [Some(7), None]);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(work));
    let found: Vec<_> = snapshots.snapshot().into_vec();
    let value = |name: &str, call: &str| {
        let found = found.iter().find(|(key, ..)| {
            let labels = key.key().labels().any(|label| label.value() == call);
            key.key().name() == name && labels
        });
        match &found.unwrap_or_else(|| panic!("{name} of {call}")).3 {
            DebugValue::Histogram(values) => values.iter().map(|value| **value).collect(),
            DebugValue::Counter(count) => vec![f64::from(u32::try_from(*count).unwrap())],
            DebugValue::Gauge(_) => panic!("{name} is a gauge"),
        }
    };
    assert_eq!(value("store_calls_total", "commit"), [1.0]);
    assert_eq!(value("store_call_seconds", "commit").len(), 1);
    assert_eq!(value("store_call_entries", "commit"), [2.0]);
    assert_eq!(value("store_call_entries", "get_many"), [2.0]);
    // Keys of strings end in two bytes of their own, values are JSON.
    let keys = ["ab", "none"].map(|key| key.len()).iter().sum::<usize>();
    let bytes = value("store_call_bytes", "get_many");
    assert_eq!(bytes, [f64::from(u32::try_from(keys + "7".len()).unwrap())]);
}
