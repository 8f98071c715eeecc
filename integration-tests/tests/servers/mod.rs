//! The cases.

mod cassandra;
mod containers;
mod elastic;
mod redis;

use anyhow::Result;
use futures::future::BoxFuture;
use integration_tests::servers::{Server, ServerKind};

/// A case.
pub(crate) type Case = fn() -> BoxFuture<'static, Result<()>>;

/// Every other case by its name.
pub(crate) const CASES: &[(&str, Case)] = &[
    ("redis-cluster::a_replica_takes_over", || Box::pin(redis::a_replica_takes_over())),
    ("containers::a_pause_holds_answers", || Box::pin(containers::a_pause_holds_answers())),
    ("containers::settings_reach_the_server", || Box::pin(containers::settings_reach_the_server())),
    ("containers::what_cannot_be_started_is_an_error", || {
        Box::pin(containers::what_cannot_be_started_is_an_error())
    }),
    ("containers::none_is_left_behind", || Box::pin(containers::none_is_left_behind())),
];

/// Writes, kills the server, starts it again and reads; on the same port, since clients go on with the address they have.
pub(crate) async fn survives(server: Server) -> Result<()> {
    match server.kind() {
        ServerKind::Cassandra => cassandra::survives(server).await,
        ServerKind::Elasticsearch | ServerKind::OpenSearch => elastic::survives(&server),
        _ => redis::survives(&server),
    }
}
