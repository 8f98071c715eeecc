//! Offsets, commits, transactions (OC).

use super::{Entry, none, run};
use crate::cases::offsets::{crashes, fencing, kinds, positions, staged};

pub(super) const ENTRIES: &[Entry] = &[
    run!("OC-01", "offsets of a commit are kept", positions::are_kept),
    run!("OC-02", "sources not named keep their offset", positions::are_merged),
    run!(
        "OC-03",
        "no offsets keep all, null forgets one",
        positions::are_kept_by_none_and_forgotten_by_null
    ),
    run!(
        "OC-05",
        "no offsets before the first commit",
        positions::are_none_before_the_first_commit
    ),
    none(
        "OC-07",
        "an unclean end can be told",
        "no end is unclean: what was not committed is gone, however the owner ended (OC-09, OC-28)",
    ),
    run!("OC-08", "positions above a gap are kept", positions::positions_above_a_gap),
    run!("OC-09", "a crash at any call leaves whole commits", crashes::at_any_call),
    run!("OC-18", "the owner reads its own writes", staged::the_owner_reads_its_own_writes),
    run!("OC-20", "a commit takes puts and deletes", staged::a_commit_takes_puts_and_deletes),
    run!(
        "OC-21",
        "a rollback leaves what is committed",
        staged::a_rollback_leaves_what_is_committed
    ),
    run!("OC-22", "scans merge written and committed", staged::scans_merge_both),
    run!("OC-23", "a buffered delete hides in scans", staged::a_delete_hides_in_scans),
    run!("OC-24", "ranges of all ends, merged", staged::ranges_of_all_ends),
    run!("OC-25", "the newer value shows everywhere", staged::the_newer_value_shows_everywhere),
    run!("OC-26", "disjoint keys interleave in order", staged::disjoint_keys_interleave),
    run!("OC-27", "put if absent sees written and committed", staged::put_if_absent_sees_both),
    run!("OC-28", "what is not committed is gone", kinds::what_is_not_committed_goes),
    run!("OC-29", "windows before and after commits", kinds::windows_over_commits),
    run!("OC-30", "sessions before and after commits", kinds::sessions_over_commits),
    run!("OC-33", "readers see commits only", kinds::readers_see_commits_only),
    run!("OC-35", "the older owner is refused", fencing::the_older_owner_is_refused),
    run!("OC-36", "a late batch changes nothing", fencing::a_late_batch_changes_nothing),
    run!("OC-37", "a lost answer counts once", fencing::a_lost_answer_counts_once),
    run!("OC-80", "a commit waits for open units", positions::a_commit_waits_for_open_units),
];
