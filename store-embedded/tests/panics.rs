//! A panic in the middle of a change: what it left is not shown, and nothing that is committed later is lost.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::path::Path;

use bytes::Bytes;
use common::{claim, commit, get, next, open, task};
use fail::FailScenario;
use store_core::{
    ErrorKind,
    backend::{Backend, Claim},
};
use store_embedded::EmbeddedBackend;
use tempfile::tempdir;

/// Sends commit `n`, which puts `n` under 1, and panics at a step of it.
async fn panics(step: &str, claim: &Claim, n: u8) {
    fail::cfg(step, "1*panic").unwrap();
    let mut before = claim.checkpoint.clone();
    before.sequence = u64::from(n - 1);
    let error = claim.writer.commit(&commit(&before, [(1, vec![n])])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
}

async fn state(path: &Path) -> (EmbeddedBackend, Claim) {
    let backend = open(path).await.unwrap();
    let claim = claim(&backend).await.unwrap();
    claim.writer.commit(&commit(&claim.checkpoint, [(1, vec![1])])).await.unwrap();
    (backend, claim)
}

fn value(n: u64) -> Option<Bytes> {
    Some(Bytes::from(vec![u8::try_from(n).unwrap()]))
}

#[tokio::test]
async fn the_next_claim_has_the_data_of_its_checkpoint() {
    let scenario = FailScenario::setup();
    for (step, sequence) in [("embedded::writing", 1), ("embedded::written", 2)] {
        let folder = tempdir().unwrap();
        let (backend, first) = state(folder.path()).await;
        panics(step, &first, 2).await;
        let next_claim = claim(&backend).await.unwrap();
        assert_eq!(next_claim.checkpoint.sequence, sequence, "{step}");
        assert_eq!(get(&next_claim, 1).await, value(sequence), "{step}");
    }
    scenario.teardown();
}

/// The failed commit made the map, and what removes it must not leave it in anybody's hands.
#[tokio::test]
async fn commits_after_it_are_there_when_the_state_is_opened_again() {
    let scenario = FailScenario::setup();
    for destroyed in [false, true] {
        let folder = tempdir().unwrap();
        let backend = open(folder.path()).await.unwrap();
        let first = claim(&backend).await.unwrap();
        panics("embedded::writing", &first, 1).await;
        if destroyed {
            backend.destroy(&task()).await.unwrap();
        }
        let second = claim(&backend).await.unwrap();
        second.writer.commit(&commit(&second.checkpoint, [(1, vec![9])])).await.unwrap();
        let sequence = next(&second.checkpoint).sequence;
        drop((first, second, backend));

        let backend = open(folder.path()).await.unwrap();
        let third = claim(&backend).await.unwrap();
        assert_eq!(third.checkpoint.sequence, sequence);
        assert_eq!(get(&third, 1).await, value(9));
    }
    scenario.teardown();
}
