//! What a backend owes to the engine.

use super::{Entry, run};
use crate::cases::adapter::{
    checkpoints, fencing, fresh, kills, limits, lives, onlookers, pages, reading, rivals, tasks,
};

pub(super) const ENTRIES: &[Entry] = &[
    run!("AD-01", "scans are ordered both ways", reading::scans_are_ordered_both_ways),
    run!("AD-02", "pages go on where they ended", reading::pages_go_on_where_they_ended),
    run!("AD-03", "get many keeps the order", reading::get_many_keeps_the_order),
    run!("AD-04", "empty is not absent", reading::empty_is_not_absent),
    run!(
        "AD-05",
        "keys of any length can be asked for",
        reading::keys_of_any_length_can_be_asked_for
    ),
    run!("AD-06", "readers never miss what moves", onlookers::readers_never_miss_what_moves),
    run!("AD-07", "large values", reading::large_values),
    run!("AD-08", "dropped maps are gone", reading::dropped_maps_are_gone),
    run!("AD-09", "readers see whole commits", onlookers::readers_see_whole_commits),
    run!("AD-10", "pages stop at their bytes", pages::pages_stop_at_their_bytes),
    run!("AD-11", "commits of thousands of entries", pages::commits_of_thousands_of_entries),
    run!("AD-12", "lengths are counted", pages::lengths_are_counted),
    run!("AD-13", "the last claim wins", fencing::the_last_claim_wins),
    run!("AD-14", "one of many claims wins", fencing::one_of_many_claims_wins),
    run!("AD-15", "a commit sent twice counts once", fencing::a_commit_sent_twice_counts_once),
    run!("AD-16", "a gap is refused", fencing::a_gap_is_refused),
    run!(
        "AD-17",
        "a claim repeated is not its own rival",
        fencing::a_claim_repeated_is_not_its_own_rival
    ),
    run!("AD-18", "an empty commit is fenced", fencing::an_empty_commit_is_fenced),
    run!("AD-19", "state survives new handles", tasks::state_survives_new_handles),
    run!("AD-20", "tasks are listed", tasks::tasks_are_listed),
    run!("AD-21", "tasks do not meet", tasks::tasks_do_not_meet),
    run!("AD-22", "destroy leaves the epoch", tasks::destroy_leaves_the_epoch),
    run!("AD-23", "a claim beside a destroy", tasks::a_claim_beside_a_destroy),
    run!("AD-24", "names differ by case", tasks::names_differ_by_case),
    run!("AD-25", "checkpoints come back whole", checkpoints::checkpoints_come_back_whole),
    run!("AD-26", "checkpoints replace each other", checkpoints::checkpoints_replace_each_other),
    run!("AD-27", "the owner sees each commit", fresh::the_owner_sees_each_commit),
    run!("AD-28", "an open reader sees each commit", fresh::an_open_reader_sees_each_commit),
    run!("AD-29", "an old read does not stay", fresh::an_old_read_does_not_stay),
    run!(
        "AD-30",
        "acknowledged commits survive a kill",
        fresh::acknowledged_commits_survive_a_kill
    ),
    run!("AD-31", "limits are as declared, up to 64 MiB", limits::limits_are_as_declared),
    run!("AD-32", "everybody is told the same", limits::everybody_is_told_the_same),
    run!("AD-33", "maps do not meet", limits::maps_do_not_meet),
    run!("AD-34", "far tasks do not meet", limits::far_tasks_do_not_meet),
    run!("AD-35", "many keys are read at once", limits::many_keys_are_read_at_once),
    run!("AD-36", "apply and close may be repeated", lives::apply_and_close_may_be_repeated),
    run!("AD-37", "closing fences nobody", lives::closing_fences_nobody),
    run!(
        "AD-38",
        "the list is of tasks that are there",
        lives::the_list_is_of_tasks_that_are_there
    ),
    run!("AD-39", "a refused commit leaves nothing", lives::a_refused_commit_leaves_nothing),
    run!("AD-40", "a scan beside a commit has no hole", fresh::a_scan_beside_a_commit_has_no_hole),
    run!("AD-41", "a commit meets a claim", rivals::a_commit_meets_a_claim),
    run!("AD-42", "a commit under a kill is whole or not there", kills::a_commit_under_a_kill),
];
