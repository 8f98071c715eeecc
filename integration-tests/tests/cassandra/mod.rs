//! The cases.

mod faults;
mod large;
mod logs;
mod refusals;
mod secure;

use std::sync::Arc;

use anyhow::Result;
use futures::future::BoxFuture;
use integration_tests::servers::{Server, cassandra_session};
use scylla::client::session::Session;
use store_cassandra::{CassandraBackend, CassandraConfig};
use store_core::backend::Backend;

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
    faults: a_zombie_ahead_of_its_time_cannot_win, a_late_write_brings_nothing_back,
        deletes_at_the_low_end_are_no_hindrance, a_node_that_hangs_is_told_of_in_time,
        statements_are_prepared_again;
    large: retention_drops_without_reading;
    logs: logs_are_removed_with_stamps_of_their_own, what_the_server_does_not_take_is_not_decided;
    refusals: missing_tables_are_made_or_told, a_foreign_table_is_refused, tables_that_forget_too_early_are_refused,
        a_lost_table_is_refused, writes_that_are_on_no_disk_are_refused,
        a_wrong_datacenter_is_told, nobody_there_is_told_in_time, keys_and_values_have_limits, names_are_kept_apart;
    secure: accounts_and_tls;
}

/// Those that take long.
pub(crate) const LONG: &[(&str, Case)] = &[("a_million_entries_in_bounded_memory", |server| {
    Box::pin(large::a_million_entries_in_bounded_memory(server))
})];

/// The configuration that servers of tests have.
pub(crate) const PLAIN: &str = include_str!("../../../compose/cassandra/cassandra.yaml");

/// Settings of a keyspace, or of a prefix in one.
pub(crate) fn config(namespace: &str) -> CassandraConfig {
    let mut config = CassandraConfig::default();
    namespace.clone_into(&mut config.namespace);
    config
}

pub(crate) async fn backend(server: &Server, namespace: &str) -> Result<Arc<dyn Backend>> {
    Ok(Arc::new(CassandraBackend::connect(server.url(), config(namespace)).await?))
}

/// The server by its driver.
pub(crate) async fn raw(server: &Server) -> Result<Session> {
    cassandra_session(server.url()).await
}
