//! Searches by indexed fields (Q).

use super::{Entry, run};
use crate::cases::search::{commits, order, queries, random};

pub(super) const ENTRIES: &[Entry] = &[
    run!("Q-01", "terms, ranges and prefixes by each type", queries::by_each_type),
    run!("Q-02", "conditions combined, and fields that are not there", queries::combined),
    run!("Q-03", "the ends of types", queries::ends_of_types),
    run!("Q-04", "queries that do not suit are refused", queries::what_does_not_suit_is_refused),
    run!("Q-05", "found in order, by key where fields are equal", order::by_fields_then_by_key),
    run!("Q-06", "pages are the whole in parts", order::pages_are_the_whole_in_parts),
    run!("Q-07", "what is committed is found, and nothing else", commits::committed_only),
    run!("Q-08", "found entries fulfil the query while a writer commits", commits::meanwhile),
    run!("Q-09", "tasks, stores and lives do not meet", commits::apart),
    run!("Q-10", "new fields find what is put again", commits::new_fields),
    run!("Q-11", "random queries against a filter over a full scan", random::agree),
];
