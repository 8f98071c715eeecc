//! The cases.

mod conformance;
mod failures;
mod keys;
mod lost;

use anyhow::Result;
use futures::future::BoxFuture;
use integration_tests::RedisServer;

/// A case.
pub(crate) type Case = fn(RedisServer) -> BoxFuture<'static, Result<()>>;

macro_rules! cases {
    ($($file:ident: $($case:ident),*;)*) => {
        /// Every case by its name.
        pub(crate) const CASES: &[(&str, Case)] =
            &[$($((stringify!($case), |server| Box::pin($file::$case(server))),)*)*];
    };
}

cases! {
    conformance: a_run_leaves_only_fences;
    keys: foreign_keys_are_untouched, a_foreign_key_in_the_way_applies_nothing;
    failures: a_full_memory_applies_nothing, scripts_are_loaded_again, a_lost_answer_is_settled,
        a_commit_above_the_limit_applies_nothing, accounts_are_checked, a_server_that_is_not_there;
    lost: acknowledged_commits_survive_a_kill, a_lost_commit_is_a_gap, a_lost_claim_is_fenced;
}
