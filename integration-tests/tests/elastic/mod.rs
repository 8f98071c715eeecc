//! The cases.

mod faults;
mod indices;
mod limits;
mod search;
mod secure;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use futures::future::BoxFuture;
use integration_tests::servers::{Server, http};
use store_conformance::waist::{Model, key};
use store_core::backend::Backend;
use store_elastic::{ElasticBackend, ElasticConfig};

pub(crate) use self::secure::{accounts, encrypted};

/// A case.
pub(crate) type Case = fn(Arc<Server>) -> BoxFuture<'static, Result<()>>;

macro_rules! cases {
    ($($file:ident: $($case:ident),*;)*) => {
        /// Every case by its name.
        pub(crate) const CASES: &[(&str, Case)] =
            &[$($((stringify!($case), |server| Box::pin($file::$case(server))),)*)*];
    };
}

cases! {
    faults: a_zombie_ahead_of_its_time_cannot_win, an_item_that_is_refused_ends_no_other,
        a_connection_cut_in_a_bulk_loses_nothing, a_node_that_hangs_is_told_of_in_time, another_node_goes_on,
        old_marks_are_removed_and_new_ones_stay;
    indices: missing_indices_are_made_or_told, a_foreign_index_is_refused, another_mapping_is_refused,
        an_index_that_is_removed_is_not_made_again, half_of_the_indices_is_refused, many_make_the_indices_at_once,
        a_block_is_told, a_full_disk_is_told, fields_have_one_type;
    limits: ids_at_their_limit_and_above, keys_at_their_limit_and_above, large_values_come_in_parts,
        a_log_of_large_values_is_read_in_parts, large_values_come_after_many_small_ones;
    search: what_is_decided_counts_once_it_is_applied, many_entries_are_searched_while_a_writer_commits;
}

/// Settings of indices of their own, or of a prefix in shared ones, on one node.
pub(crate) fn config(namespace: &str) -> ElasticConfig {
    let mut config = ElasticConfig::default();
    namespace.clone_into(&mut config.namespace);
    config.replicas = 0;
    config
}

pub(crate) async fn backend(server: &Server, namespace: &str) -> Result<Arc<dyn Backend>> {
    Ok(Arc::new(ElasticBackend::connect(server.url(), config(namespace)).await?))
}

/// Sends a request that must succeed, past the adapter.
pub(crate) fn ask(server: &Server, method: &str, path: &str, body: &str) -> Result<String> {
    let (status, said) = http(server.address()?, method, path, body)?;
    ensure!(status < 300, "{method} {path}: {status} {said}");
    Ok(said)
}

/// One key with this value.
pub(crate) fn model(value: &str) -> Model {
    [(key("key"), key(value))].into()
}

/// The error of what must not succeed.
pub(crate) fn refused<T>(result: store_core::Result<T>) -> Result<store_core::Error> {
    result.err().context("it was not refused")
}
