//! The cases, each of which gets a place of its own.

mod key_value;
mod schema;

integration_tests::cases! {
    key_value: updates_while_commits_run, several_stores_commit_as_one;
    schema: a_store_not_named_is_not_found;
}
