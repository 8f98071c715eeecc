//! Searchable state, where a backend has it: values found by their indexed fields.

mod condition;
mod evaluate;
mod field;
mod fields;
mod page;
mod query;
mod value;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

#[cfg(feature = "fuzzing")]
pub(crate) use self::fields::fuzz;
pub use self::{
    condition::{Condition, Raw},
    field::{FieldType, IndexedField, MAX_BOUND_BYTES, MAX_TEXT_BYTES},
    fields::Fields,
    page::SearchPage,
    query::{MAX_CONDITIONS, MAX_NESTED, Query, Sort},
    value::FieldValue,
};
use super::PageLimit;
use crate::Result;

/// Finds entries of a store by the indexed fields of their values; sees committed state only.
///
/// The stores that are searched are not cut by time: all their entries are in the map
/// [`MapId::whole`](super::MapId::whole).
#[async_trait]
pub trait Searcher: fmt::Debug + Send + Sync {
    /// One page of the entries of `store` that `query` finds, after the place that the page before it named.
    ///
    /// - The query was checked by [`Query::check`]: its fields are indexed, and its values are of their types. Its limit is
    ///   the caller's matter, who asks for no more pages.
    /// - The order is that of [`Query::sort`], and by key where that says nothing, so that it is one order and no entry comes
    ///   twice or never, unless a commit in between moves it.
    /// - A raw condition is an object of the backend's own query language; `InvalidArgument` where it is not legal there,
    ///   `Unsupported` where there is none. `InvalidArgument` too for an `after` that came from no page of this query.
    /// - Whatever was acknowledged before the call is seen.
    /// - A page ends as that of a scan does: with the entry that reaches the limit, or before, even empty, where it says where
    ///   to go on.
    /// - An absent store is an empty one.
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage>;
}
