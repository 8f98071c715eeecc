//! The cases, each of which gets a place of its own.

mod crashes;
mod key_value;
mod limits;
mod schema;

integration_tests::cases! {
    key_value: updates_while_commits_run, several_stores_commit_as_one,
        units_are_whole_after_a_take_over;
    limits: the_buffer_stops_at_its_limit;
    crashes: a_crash_at_any_call_leaves_whole_events;
    schema: a_store_not_named_is_not_found;
}
