//! State stores in Apache Cassandra and ScyllaDB.
//!
//! The redo-log protocol of `store_core::redo` over one record per task that only lightweight transactions change. Data
//! are stamped with what the record reserved, so that late writes of an earlier owner lose. All tables are made at once,
//! when a keyspace is used first: opening a task or a store makes none. The page `docs/cassandra.md` has URLs, settings,
//! rights, limits and the layout.

mod answer;
mod backend;
mod change;
mod config;
mod connect;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod layout;
mod merge;
mod policy;
mod reader;
mod record;
mod scan;
mod schema;
mod statements;
mod tables;
mod task;
mod tls;
mod writer;

pub use self::{
    backend::CassandraBackend,
    config::{CassandraConfig, CassandraConsistency},
};
