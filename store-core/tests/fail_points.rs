//! The fail points of the redo-log protocol: each is reached, stops where it says, and the task goes on after it.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::sync::Arc;

use fail::FailScenario;
use store_core::{
    EngineConfig,
    prelude::*,
    redo::{RedoConfig, Step, toy::ToyBackend},
};

static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

/// Two owners, three commits with logs in chunks, a destruction; every error is met by trying again.
async fn work(database: &Database) -> u64 {
    let mut stopped = 0;
    macro_rules! insist {
        ($call:expr) => {
            loop {
                match $call.await {
                    Ok(done) => break done,
                    Err(error) if error.kind() == ErrorKind::Unavailable => stopped += 1,
                    Err(error) => panic!("{error}"),
                }
            }
        };
    }
    for round in 0..2 {
        let task = insist!(database.task("app", 0).store(&COUNTS).open());
        let counts = task.store(&COUNTS).unwrap();
        for n in 0..2 {
            let key = "k".to_owned();
            let old = counts.get(&key).await.unwrap().unwrap_or(0);
            assert_eq!(old, round * 2 + n);
            counts.put(&key, &(old + 1)).await.unwrap();
            insist!(task.commit([("s", 1)]));
        }
        if round == 0 {
            // Its last commit is left to the next owner.
            drop(task);
        }
    }
    loop {
        match database.destroy("app", 0).await {
            Ok(()) => return stopped,
            Err(error) if error.kind() == ErrorKind::Unavailable => stopped += 1,
            // The record was emptied before the stop; the next claim wipes the rest.
            Err(error) if error.kind() == ErrorKind::NotFound && stopped > 0 => return stopped,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn every_fail_point_stops_and_is_survived() {
    let scenario = FailScenario::setup();
    for step in Step::ALL {
        fail::cfg(step.name(), "1*return").unwrap();
        let mut config = RedoConfig::default();
        config.inline_bytes = 0;
        let backend = ToyBackend::new().with_config(config);
        let database = Database::with(Arc::new(backend), EngineConfig::default()).unwrap();
        let stopped = work(&database).await;
        // Cleaning up is not worth an error.
        let expected = u64::from(*step != Step::Cleaning);
        assert_eq!(stopped, expected, "{}", step.name());
        fail::remove(step.name());
    }
    scenario.teardown();
}
