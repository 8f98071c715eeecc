//! The cases, each of which gets a place of its own.

mod crashes;
mod key_value;
mod limits;
mod schema;

integration_tests::cases! {
    key_value: awkward_keys_and_values, inverted_ranges_are_empty, prefixes_of_high_bytes,
        put_all_is_all_or_nothing, updates_while_commits_run, several_stores_commit_as_one,
        units_are_whole_after_a_take_over;
    limits: keys_at_the_limit_and_one_above, values_at_the_limit_and_one_above,
        every_kind_takes_the_same_keys_and_values, the_buffer_stops_at_its_limit;
    crashes: a_crash_at_any_call_leaves_whole_events;
    schema: another_codec_is_refused, an_undecodable_value_stays, an_unencodable_value_writes_nothing,
        a_store_not_named_is_not_found;
}
