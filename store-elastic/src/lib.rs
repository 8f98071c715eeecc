//! State stores in Elasticsearch and OpenSearch.
//!
//! The redo-log protocol of `store_core::redo` over one document per task that only compare-and-set by sequence number
//! changes. Entries are written with the stamps that the record reserved as their versions, so that late writes of an earlier
//! owner lose, and deleted keys leave marks. Two indices hold all tasks of a namespace, made when it is used first. The page
//! `docs/elastic.md` has URLs, settings, rights, limits and the layout.

#![allow(
    clippy::future_not_send,
    reason = "what callers hold are the futures of the waist, which are"
)]

mod backend;
mod bulk;
mod client;
mod config;
mod connect;
mod drift;
mod error;
mod fields;
mod freshness;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gather;
mod index;
mod layout;
mod proof;
mod reader;
mod record;
mod remove;
mod scan;
mod search;
#[cfg(test)]
mod stub;
mod task;
mod tls;
mod unrefreshed;
mod writer;

pub use self::{backend::ElasticBackend, config::ElasticConfig};
