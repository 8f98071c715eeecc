//! The cases, each of which gets a place of its own.

mod key_value;
mod limits;
mod retention;
mod schema;
mod session;
mod versioned;
mod window;

integration_tests::cases! {
    key_value: awkward_keys_and_values, inverted_ranges_are_empty, prefixes_of_high_bytes,
        put_all_is_all_or_nothing, updates_while_commits_run, several_stores_commit_as_one;
    limits: keys_at_the_limit_and_one_above, values_at_the_limit_and_one_above,
        every_kind_takes_the_same_keys_and_values;
    window: the_boundary_is_the_same_for_reads_and_writes, a_put_without_value_moves_time,
        duplicates_keep_their_order, times_at_the_ends_of_i64, handlers_count_while_commits_run,
        settings_that_make_no_sense_are_refused;
    session: the_boundary_is_the_same_for_reads_and_writes, sessions_that_are_none_are_refused,
        merges_from_many_handlers_lose_nothing;
    versioned: the_history_ends_where_it_says, without_history_only_the_latest_counts,
        versions_at_the_ends_of_i64, long_histories_come_in_pages;
    retention: expired_segments_are_gone_from_the_backend, the_wall_clock_plays_no_part;
    schema: another_codec_is_refused, an_undecodable_value_stays, an_unencodable_value_writes_nothing,
        a_store_not_named_is_not_found;
}
