//! The cases, each of which gets a place of its own.

mod concurrent;
mod crash;
mod edges;
mod limits;
mod model;
mod owners;
mod random;
mod traversal;

integration_tests::cases! {
    edges: both_directions_agree, an_edge_of_a_node_to_itself, a_removed_node_leaves_nothing_behind, the_stored_bytes,
        a_graph_is_opened_as_nothing_else, an_undecodable_edge_stays;
    limits: two_nodes_at_the_limit_and_one_byte_above, a_value_above_the_limit_is_on_neither_side,
        a_node_too_large_to_remove_at_once;
    owners: a_rollback_takes_both_directions_back, a_commit_is_there_after_reopening, a_take_over_fences,
        readers_see_whole_commits;
    traversal: cycles_and_loops_end, hops_at_the_limit_and_one_more, nodes_at_the_limit_and_one_more,
        more_neighbours_than_a_page, a_wide_level_is_followed_in_order;
    concurrent: handlers_keep_both_sides_in_agreement, no_edge_is_lost_between_handlers;
    crash: a_cut_leaves_whole_commits;
    random: operations_agree_with_a_model;
}
