//! The cases, each of which gets a place of its own.

mod fencing;
mod reading;
mod tasks;
mod tools;

use anyhow::Result;
use futures::future::BoxFuture;
use integration_tests::Place;

/// A case.
pub(crate) type Case = fn(Place) -> BoxFuture<'static, Result<()>>;

macro_rules! cases {
    ($($file:ident: $($case:ident),*;)*) => {
        /// Every case by its name.
        pub(crate) const CASES: &[(&str, Case)] =
            &[$($((stringify!($case), |place| Box::pin($file::$case(place))),)*)*];
    };
}

cases! {
    reading: scans_are_ordered_both_ways, pages_go_on_where_they_ended, get_many_keeps_the_order,
        empty_is_not_absent, keys_of_any_length_can_be_asked_for, readers_never_miss_what_moves,
        large_values, dropped_maps_are_gone, readers_see_whole_commits;
    fencing: the_last_claim_wins, one_of_many_claims_wins, a_commit_sent_twice_counts_once,
        a_gap_is_refused, a_claim_repeated_is_not_its_own_rival, an_empty_commit_is_fenced;
    tasks: state_survives_new_handles, tasks_are_listed, tasks_do_not_meet,
        destroy_leaves_the_epoch, names_differ_by_case;
}
