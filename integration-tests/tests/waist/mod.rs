//! The cases, each of which gets a place of its own.

mod fencing;
mod pages;
mod reading;
mod tasks;
mod tools;

integration_tests::cases! {
    reading: scans_are_ordered_both_ways, pages_go_on_where_they_ended, get_many_keeps_the_order,
        empty_is_not_absent, keys_of_any_length_can_be_asked_for, readers_never_miss_what_moves,
        large_values, dropped_maps_are_gone, readers_see_whole_commits;
    pages: pages_stop_at_their_bytes, commits_of_thousands_of_entries,
        lengths_are_counted;
    fencing: the_last_claim_wins, one_of_many_claims_wins, a_commit_sent_twice_counts_once,
        a_gap_is_refused, a_claim_repeated_is_not_its_own_rival, an_empty_commit_is_fenced;
    tasks: state_survives_new_handles, tasks_are_listed, tasks_do_not_meet,
        destroy_leaves_the_epoch, a_claim_beside_a_destroy, names_differ_by_case;
}
