//! The cases.

mod checks;
mod cluster;
mod conformance;
mod connections;
mod durability;
mod failures;
mod keys;
mod large;
mod lost;
mod trips;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::future::BoxFuture;
use integration_tests::RedisServer;
use store_conformance::waist::{MAP, Owner, puts};
use store_core::{Effect, ErrorKind, backend::Commit};

/// A case.
pub(crate) type Case = fn(RedisServer) -> BoxFuture<'static, Result<()>>;

macro_rules! cases {
    ($($file:ident: $($case:ident),*;)*) => {
        /// Every case by its name.
        pub(crate) const CASES: &[(&str, Case)] =
            &[$($((stringify!($case), |server| Box::pin($file::$case(server))),)*)*];
    };
}

cases! {
    checks: the_least_rights_are_enough_and_needed, a_server_that_evicts_is_refused, what_lies_in_the_way_is_found_at_the_claim,
        another_layout_is_refused, a_right_that_is_taken_away_applies_nothing;
    cluster: a_cluster_keeps_tasks, one_server_and_a_cluster_are_told_apart,
        a_slot_moves_under_readers_and_owners, a_primary_that_dies_is_replaced;
    conformance: a_run_leaves_only_fences;
    connections: tls_is_spoken_and_never_left_out, a_client_certificate_is_shown, a_socket_is_as_good_as_a_port,
        secrets_come_from_their_places, a_name_that_does_not_resolve, a_number_without_a_database, a_server_that_hangs, a_replica_is_read_only;
    durability: the_disk_is_waited_for, a_replica_takes_over, replicas_are_waited_for, a_wait_that_is_broken_off_is_unknown;
    keys: foreign_keys_are_untouched, applications_share_a_database, a_foreign_key_in_the_way_applies_nothing;
    failures: a_full_memory_applies_nothing, scripts_are_loaded_again, a_lost_answer_is_settled, a_server_that_is_not_there;
    large: readers_see_a_large_commit_whole, a_half_staged_commit_is_nowhere, a_log_that_is_gone_decides_nothing, a_half_applied_commit_is_finished,
        who_is_overtaken_at_a_log_is_fenced, sizes;
    lost: acknowledged_commits_survive_a_kill, a_lost_commit_is_a_gap, a_lost_claim_is_fenced,
        a_server_that_lost_everything_is_a_gap, keys_that_are_lost_alone_are_told;
    trips: requests_are_few, gets_at_the_same_time_travel_together;
}

/// Those that take long.
pub(crate) const LONG: &[(&str, Case)] =
    &[("a_million_entries", |server| Box::pin(large::a_million_entries(server)))];

/// The names of those that other versions of the server answer in another way.
pub(crate) const VERSIONS: [&str; 4] = [
    "the_disk_is_waited_for",
    "the_least_rights_are_enough_and_needed",
    "a_right_that_is_taken_away_applies_nothing",
    "a_full_memory_applies_nothing",
];

/// The case of a name.
pub(crate) fn case(name: &str) -> Case {
    CASES.iter().find(|(known, _)| *known == name).expect("a case of this name").1
}

/// Sends a commit again and again, until the server is back and takes it.
async fn send_at_last(owner: &mut Owner, commit: &Arc<Commit>) -> Result<()> {
    let mut tries = 0;
    while let Err(error) = owner.send(commit).await {
        ensure!(error.is_retryable() && tries < 500, "{error:?}");
        tries += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Commits the numbers from 1 to 50, each when replicas have the one before.
async fn fifty(owner: &mut Owner) -> Result<()> {
    for n in 1..=50 {
        let commit = owner.next(puts(MAP, &keys::model(&n.to_string())));
        send_at_last(owner, &commit).await?;
    }
    Ok(())
}

/// Sends a commit until the server says that it has it, and no replica does.
async fn is_alone(owner: &mut Owner, commit: &Arc<Commit>) -> Result<()> {
    let mut tries = 0;
    loop {
        let error = owner.send(commit).await.err().context("acknowledged without a replica")?;
        if error.to_string().contains("0 of 1 replicas") {
            ensure!(error.kind() == ErrorKind::Timeout && error.effect() == Effect::Unknown);
            return Ok(());
        }
        ensure!(error.is_retryable() && tries < 500, "{error:?}");
        tries += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
